import { specOf } from '../../engine/index.ts';
import { formatParameters } from '../core/parameters.ts';
import { encodePng } from '../image/encode.ts';
import { checkOut, nameFiles, writePicture } from './output-files.ts';
import { createProgressBar } from './progress-bar.ts';
import type { CliConfig, CliDependencies, CliInput } from './types.ts';

export interface ImagineRequest {
  readonly input: CliInput;
  /** Ends in `.png`. */
  readonly out: string;
  readonly asJson: boolean;
}

/** Everything is checked before the weights are read. @throws BadInputError, EngineError, EaselError `not_written` */
export async function runImagine(request: ImagineRequest, config: CliConfig, parts: CliDependencies): Promise<void> {
  await checkOut(request.out);
  const engine = parts.openEngine(config, 0);
  const bar = createProgressBar(parts.stderr);
  try {
    const description = await engine.describe();
    for (const sentence of description.execution?.passedOver ?? []) parts.stderr.write(`${sentence}\n`);
    const { spec, init, notes } = await parts.resolve(request.input, description, config);
    const title = description.models.find((model) => model.id === spec.model)?.title ?? spec.model;
    const result = await engine.run({ kind: 'generate', spec }, { onProgress: bar.show, ...(init && { init }) });
    bar.end();
    const names = nameFiles(request.out, result.pictures.length);
    const files = [];
    for (const [index, picture] of result.pictures.entries()) {
      const file = names[index] ?? request.out;
      const recipe = formatParameters(picture.recipe, title, description.execution?.precision);
      await writePicture(file, await encodePng(picture, recipe));
      files.push({ file, seed: specOf(picture.recipe).seed, width: picture.width, height: picture.height });
    }
    const { variations, ...said } = spec;
    const varied = variations.length > 0 && { variations };
    const lines = request.asJson
      ? [JSON.stringify({ ...said, ...varied, files, ...result.timings })]
      : files.map(({ file, width, height, seed }) => `${file} (${width}×${height}, seed ${seed})`);
    parts.stdout.write(`${lines.join('\n')}\n`);
    for (const note of [...notes, ...result.notes]) parts.stderr.write(`${note}\n`);
  } finally {
    bar.end();
    await engine.close();
  }
}
