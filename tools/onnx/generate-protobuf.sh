#!/usr/bin/env bash
# Writes engine/onnx/onnx_pb.ts anew, from the onnx.proto that PyPI's onnx package contains. Run it by hand, after a new
# version of onnx or of @bufbuild/protobuf. It needs Python 3 with venv, npm, and access to both registries.
set -euo pipefail
cd "$(dirname "$0")/../.."

ONNX=1.23.2
GRPCIO_TOOLS=1.85.1 # brings protoc
# The generated code and its runtime must be of one version.
PROTOBUF=$(node -p "require('./package.json').dependencies['@bufbuild/protobuf']")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "grpcio-tools==$GRPCIO_TOOLS"
"$work/venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$work" "onnx==$ONNX"
python3 -m zipfile -e "$work"/onnx-*.whl "$work/wheel"

npm install --silent --no-save --ignore-scripts --prefix "$work" "@bufbuild/protoc-gen-es@$PROTOBUF"
"$work/venv/bin/python" -m grpc_tools.protoc \
  --proto_path="$work/wheel/onnx" \
  --plugin="protoc-gen-es=$work/node_modules/.bin/protoc-gen-es" \
  --es_out=engine/onnx --es_opt=target=ts,import_extension=ts \
  onnx.proto
echo "engine/onnx/onnx_pb.ts is of onnx $ONNX and @bufbuild/protobuf $PROTOBUF; run: npm run check && npx vitest run test/engine/networks"
