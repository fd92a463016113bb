import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Vulkan device in software: WebGPU without a graphics card. */
export interface SoftwareGpu {
  readonly name: string;
  /** What a process needs in its environment to use it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly hasHalves: boolean;
}

const MESA = '/usr/share/vulkan/icd.d';
const CHROMIUM = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];

/** Mesa's llvmpipe, which keeps its compiled shaders, or Chromium's SwiftShader; undefined where neither is. */
export function findSoftwareGpu(): SoftwareGpu | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const driver = existsSync(MESA) ? readdirSync(MESA).find((name) => /^lvp_icd\b.*\.json$/.test(name)) : undefined;
  if (driver !== undefined && suffices(join(MESA, driver))) {
    return { name: 'llvmpipe', environment: { VK_ICD_FILENAMES: join(MESA, driver) }, hasHalves: true };
  }
  const folder = CHROMIUM.find((place) => existsSync(join(place, 'vk_swiftshader_icd.json')));
  if (folder === undefined) return undefined;
  // Where Chromium keeps the Vulkan loader, too.
  const environment = { VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder };
  return { name: 'SwiftShader', environment, hasHalves: false };
}

/** Of 22.3, in Debian 12, WebGPU says that shaderUniform*ArrayDynamicIndexing is missing; 25.0 has Vulkan 1.4. */
function suffices(driver: string): boolean {
  const { ICD } = JSON.parse(readFileSync(driver, 'utf8')) as { readonly ICD: { readonly api_version: string } };
  const [major = 0, minor = 0] = ICD.api_version.split('.').map(Number);
  return major > 1 || minor >= 4;
}
