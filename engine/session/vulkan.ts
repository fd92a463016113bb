import { missingLibrary } from './missing-library.ts';

/** What WebGPU opens on Linux to find the drivers. */
const LOADER = 'libvulkan.so.1';
const DRIVERS =
  "your GPU's Vulkan driver (for AMD, Intel and a GPU in software Debian's and Ubuntu's mesa-vulkan-drivers; for NVIDIA its own driver)";

/**
 * Why WebGPU finds no GPU, and what to install, in sentences; undefined where Vulkan is not how it reaches one.
 * @param loaderIsMissing whether the loader of Vulkan's drivers cannot be opened
 */
export function missingVulkan(
  platform: NodeJS.Platform = process.platform,
  loaderIsMissing = () => missingLibrary(LOADER) !== undefined,
): string | undefined {
  if (platform !== 'linux') return undefined;
  if (loaderIsMissing()) {
    return `${LOADER}, the loader of Vulkan's drivers, is missing. Install it (Debian and Ubuntu: libvulkan1; Fedora: vulkan-loader; Arch: vulkan-icd-loader) and ${DRIVERS}.`;
  }
  return `Vulkan has no GPU that suffices. Install or update ${DRIVERS}; "vulkaninfo --summary" lists what Vulkan finds.`;
}
