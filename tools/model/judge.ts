import * as ort from 'onnxruntime-node';
import { sharp } from '../../src/image/sharp.ts';
import type { SquarePicture } from './measure.ts';
import { THINGS } from './vocabulary.ts';

const SIDE = 64;

/** Names the thing in a picture: the small network that train_judge.py trains on renderings that the model never saw. */
export class Judge {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** `file` is an ONNX file by train_judge.py; fails when there is none. */
  static async open(file: string): Promise<Judge> {
    return new Judge(await ort.InferenceSession.create(file, { intraOpNumThreads: 1 }));
  }

  async name({ side, rgb }: SquarePicture): Promise<string> {
    const small = await sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
      .resize(SIDE, SIDE, { kernel: 'linear' })
      .raw()
      .toBuffer();
    const pixels = new Float32Array(3 * SIDE * SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      for (let channel = 0; channel < 3; channel++) {
        pixels[channel * SIDE * SIDE + i] = (small[3 * i + channel] ?? 0) / 127.5 - 1;
      }
    }
    const { logits } = await this.#session.run({ pixels: new ort.Tensor('float32', pixels, [1, 3, SIDE, SIDE]) });
    if (logits === undefined || !(logits.data instanceof Float32Array)) throw new Error('The judge gave no logits.');
    const scores = logits.data;
    const best = scores.reduce((top, score, i) => (score > (scores[top] ?? 0) ? i : top), 0);
    return Object.keys(THINGS)[best] ?? 'none';
  }
}
