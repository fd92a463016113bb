#!/bin/bash
# All stages one after the other, each from its checkpoint: WORK=FOLDER tools/model/unattended.sh
# FOLDER holds venv/ (requirements.txt), packages/ (see icons.py) and sentences/ (see words.py); everything else is
# written there. FOLDER/settings.env may say how long each stage is to be.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$WORK"
VAE_PICTURES=40000 PARTS=24 PART_PICTURES=4000 UNET_SAMPLES=1500000 UNET_BATCH=64 TEXT_STEPS=8000 BOTH_SAMPLES=300000 DECODER_PICTURES=60000 JUDGE_PICTURES=80000
[ -f settings.env ] && . ./settings.env
tokenizer=$here/../../models/sketch/tokenizer
python() { nice -n "${1}" venv/bin/python -u "$here/$2" "${@:3}"; }
# Threads that wait for each other must not spin on a shared machine.
export GOMP_SPINCOUNT=0 OMP_WAIT_POLICY=passive

[ -f icons.npz ] || python 12 icons.py --packages packages --out icons.npz
[ -f words.npz ] || python 12 words.py --sentences sentences --tokenizer "$tokenizer" --out words.npz
if [ ! -f vae/config.json ]; then
  python 12 train_vae.py --icons icons.npz --start "$here/../../models/sketch/vae" --out vae.pt --pictures "$VAE_PICTURES" --bf16 --sheet vae.png >> vae.log 2>&1
  python 12 calibrate_vae.py --icons icons.npz --checkpoint vae.pt --out vae >> vae.log 2>&1
fi
# The first two parts before the UNet begins, the others while it is trained.
encode() { for seed in $(seq "$1" "$2"); do python "$3" dataset.py --icons icons.npz --vae vae --out data --count "$PART_PICTURES" --seed "$seed" >> data.log 2>&1; done; }
encode 1 2 12
encode 3 "$PARTS" 17 &
encoding=$!
trap 'kill $encoding 2>/dev/null || true' EXIT
python 12 train_unet.py --data data --out unet.pt --samples "$UNET_SAMPLES" --batch "$UNET_BATCH" --bf16 --sheet unet.png --vae vae >> unet.log 2>&1
wait $encoding
python 12 train_text.py --unet unet.pt --tokenizer "$tokenizer" --words words.npz --out text.pt --steps "$TEXT_STEPS" >> text.log 2>&1
python 12 train_both.py --data data --unet unet.pt --text text.pt --tokenizer "$tokenizer" --words words.npz --out both.pt --samples "$BOTH_SAMPLES" >> both.log 2>&1
# The encoder stays as the UNet knows it; the decoder gets sharper.
python 12 train_vae.py --decoder-only --icons icons.npz --start vae --out decoder.pt --pictures "$DECODER_PICTURES" --bf16 --sheet decoder.png >> decoder.log 2>&1
python 12 calibrate_vae.py --decoder-only --icons icons.npz --checkpoint decoder.pt --out vae-sharp >> decoder.log 2>&1
mkdir -p exported && cp -r "$tokenizer" exported/
python 12 export.py --checkpoint both.pt --vae vae-sharp --icons icons.npz --words words.npz --out exported >> both.log 2>&1
[ -f judge.onnx ] || python 12 train_judge.py --icons icons.npz --out judge.pt --onnx judge.onnx --pictures "$JUDGE_PICTURES" >> judge.log 2>&1
