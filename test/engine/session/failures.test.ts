import { describe, expect, test } from 'vitest';
import type { EngineError } from '../../../engine/errors.ts';
import { explainFailure, explainOpening } from '../../../engine/session/failures.ts';
import { missingVulkan } from '../../../engine/session/vulkan.ts';

const thrownBy = (explain: (cause: Error) => never, message: string) => {
  try {
    return explain(new Error(message));
  } catch (error) {
    return error as EngineError;
  }
};
const atACall = (message: string) => thrownBy(explainFailure, message);
const atOpening = (message: string) => thrownBy((cause) => explainOpening(cause, 'webgpu'), message);

// As ONNX Runtime 1.30 says them, the first two on SwiftShader and on Mesa's llvmpipe.
const BUFFER =
  'WebGPU validation failed. Buffer size (1153433600) exceeds the max buffer size limit (1073741824).\n - While calling [Device].CreateBuffer([BufferDescriptor]).\n';
const BINDINGS =
  "Non-zero status code returned while running Sin node. Name:'Sin_3' Status Message: /onnxruntime_src/onnxruntime/core/providers/webgpu/shader_helper.cc:306 onnxruntime::webgpu::ShaderVariableHelper& onnxruntime::webgpu::ShaderHelper::AddVariableImpl(bool, const std::string&, onnxruntime::webgpu::ShaderUsage, const onnxruntime::TensorShape&, uint32_t) numbers_storage_buffers_ <= limits_.maxStorageBuffersPerShaderStage was false. Too many storage buffers in shader. Current: 24, Max is 16\n";
const BINDING =
  'WebGPU validation failed. Binding size (151781376) of [Buffer (unlabeled)] is larger than the maximum storage buffer binding size (134217728).';
const NO_MEMORY =
  'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[1] against { binding: 1 }.';

describe('a picture beyond what the driver of a GPU allows', () => {
  test.each([
    [BUFFER, 'it needs a buffer of 1153 MB, and the driver allows 1074 MB'],
    [BINDING, 'it needs a buffer of 152 MB, and the driver allows 134 MB'],
    [BINDINGS, 'one step needs 24 buffers at once, and the driver allows 16'],
  ])('is refused with the limit and with what to do', (message, limit) => {
    expect(atACall(message)).toMatchObject({
      code: 'out_of_memory',
      message: `This size is too large for the GPU: ${limit}; try a smaller one, or fewer at once. The CPU has no such limit (EASEL_PROVIDER=cpu).`,
    });
  });

  test('is a lack of memory where the driver says no more', () => {
    expect(atACall(NO_MEMORY)).toMatchObject({
      code: 'out_of_memory',
      message: 'There is not enough memory for a picture of this size; try a smaller one, or fewer at once.',
    });
  });
});

test('A model beyond what the driver of a GPU allows does not count as a provider that fails.', () => {
  expect(atOpening(BUFFER)).toMatchObject({
    code: 'out_of_memory',
    message:
      'This model is too large for the GPU: it needs a buffer of 1153 MB, and the driver allows 1074 MB; use a smaller one, or EASEL_PROVIDER=cpu.',
  });
  expect(atOpening(NO_MEMORY).code).toBe('out_of_memory');
});

test.each([
  'Failed to download data from buffer: [Device] is lost.',
  'WebGPU validation failed. [Device "easel"] is lost.',
  'vkQueueSubmit failed with VK_ERROR_DEVICE_LOST',
  'ID3D12Device::GetDeviceRemovedReason failed with DXGI_ERROR_DEVICE_HUNG (0x887A0006)',
])('A GPU that is lost is told from a network that cannot be run: %s', (message) => {
  expect(atACall(message).code).toBe('device_lost');
});

describe('WebGPU that finds no GPU', () => {
  test('names the loader of Vulkan that is missing, and the packages that have it', () => {
    expect(missingVulkan('linux', () => true)).toMatch(
      /^libvulkan\.so\.1, .*is missing\. Install it \(Debian and Ubuntu: libvulkan1; .*mesa-vulkan-drivers/,
    );
  });

  test('says that a driver is missing or too old where the loader is there', () => {
    expect(missingVulkan('linux', () => false)).toMatch(
      /^Vulkan has no GPU that suffices\. Install or update your GPU's/,
    );
  });

  test('says nothing of Vulkan on systems that have no use for it', () => {
    expect(missingVulkan('darwin', () => true)).toBeUndefined();
    expect(missingVulkan('win32', () => true)).toBeUndefined();
  });

  test('is told so as the provider that failed', () => {
    const { code, message } = atOpening('Failed to get a WebGPU adapter: No supported adapters');
    expect(code).toBe('provider_failed');
    if (process.platform === 'linux') expect(message).toMatch(/libvulkan\.so\.1|Vulkan has no GPU/);
    expect(message).toMatch(/^A network could not be opened on the execution provider "webgpu": /);
  });
});
