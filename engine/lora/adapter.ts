import { type AdapterReach, type AdapterSlot, downInput, upInput } from '../graph/adapter-slots.ts';
import type { Input } from '../session/session.ts';
import { refuseNotFinite } from '../weights/finite.ts';
import { unfitLora } from '../weights/lora-errors.ts';
import { readTensor } from '../weights/tensor-data.ts';
import type { Lora, LoraLayer } from './lora.ts';
import { LORA_NETWORKS, type LoraNetwork, layerKey } from './lora-names.ts';
import { type LoraStrengths, strengthIn } from './lora-tags.ts';

/** A LoRA with how much of it each network gets. */
export interface AppliedLora {
  readonly lora: Lora;
  readonly strengths: LoraStrengths;
}

/** Values for every input that a graph has for adapters. */
export type Adapter = Readonly<Record<string, Input>>;

/** How far the graph must reach for these LoRAs: convolutions only where one changes them. */
export function reachOf(loras: readonly AppliedLora[], network: LoraNetwork): AdapterReach {
  const layers = applied(loras, network).flatMap(({ lora }) => [...lora[network].keys()]);
  if (layers.length === 0) return 'none';
  return layers.some((layer) => CONVOLUTION.test(layer)) ? 'all' : 'linear';
}

function applied(loras: readonly AppliedLora[], network: LoraNetwork): readonly AppliedLora[] {
  return loras.filter(({ strengths }) => strengthIn(strengths, network) !== 0);
}

const CONVOLUTION = /(^|_)conv(\d|_in|_out|_shortcut)?$/;

/** Bytes of memory that LoRAs take while they are made into an adapter: their numbers as read, and side by side. */
export function adapterBytes(loras: readonly AppliedLora[]): number {
  let floats = 0;
  for (const { lora } of loras) {
    for (const { down, up } of LORA_NETWORKS.flatMap((network) => [...lora[network].values()])) {
      floats += product(down.shape) + product(up.shape);
    }
  }
  return floats * Float32Array.BYTES_PER_ELEMENT * 2;
}

/** No change at all: of rank 1 and 0, so that the result is bit by bit that of the weights alone. */
export function zeroAdapter(slots: readonly AdapterSlot[]): Adapter {
  return Object.fromEntries(slots.flatMap((slot) => inputs(slot, [])));
}

/**
 * Several LoRAs as one: their ranks side by side, the scales multiplied into `up`.
 * @throws EngineError naming the LoRA that changes a layer this model does not have, or of another size.
 */
export async function createAdapter(
  slots: readonly AdapterSlot[],
  loras: readonly AppliedLora[],
  network: LoraNetwork,
): Promise<Adapter> {
  const known = new Map(slots.map((slot) => [layerKey(slot.name), slot]));
  const pieces = new Map<AdapterSlot, Piece[]>();
  for (const { lora, strengths } of applied(loras, network)) {
    await refuseNotFinite([...lora[network].values()].flatMap(({ down, up }) => [down, up]));
    for (const [layer, matrices] of lora[network]) {
      const slot = known.get(layer);
      if (slot === undefined) {
        throw unfitLora(lora.file, `changes a layer "${layer}" that this model does not have; use one made for it.`);
      }
      checkShape(lora, slot, matrices);
      const { down, up, scale } = matrices;
      const piece = {
        rank: down.shape[0] ?? 0,
        down: await readTensor(down),
        up: await readTensor(up),
        scale: strengthIn(strengths, network) * scale,
      };
      pieces.set(slot, [...(pieces.get(slot) ?? []), piece]);
    }
  }
  return Object.fromEntries(slots.flatMap((slot) => inputs(slot, pieces.get(slot) ?? [])));
}

interface Piece {
  readonly rank: number;
  readonly down: Float32Array;
  readonly up: Float32Array;
  readonly scale: number;
}

function inputs(slot: AdapterSlot, pieces: readonly Piece[]): [string, Input][] {
  const { name, inChannels, outChannels, kernel, kind } = slot;
  const rank = Math.max(
    1,
    pieces.reduce((sum, piece) => sum + piece.rank, 0),
  );
  const row = inChannels * kernel ** 2;
  const down = new Float32Array(rank * row);
  const up = new Float32Array(outChannels * rank);
  let at = 0;
  for (const piece of pieces) {
    down.set(piece.down, at * row);
    for (let out = 0; out < outChannels; out += 1) {
      for (let r = 0; r < piece.rank; r += 1) {
        up[out * rank + at + r] = (piece.up[out * piece.rank + r] ?? 0) * piece.scale;
      }
    }
    at += piece.rank;
  }
  const isConv = kind === 'conv';
  return [
    [downInput(name), { data: down, shape: isConv ? [rank, inChannels, kernel, kernel] : [rank, inChannels] }],
    [upInput(name), { data: up, shape: isConv ? [outChannels, rank, 1, 1] : [outChannels, rank] }],
  ];
}

function checkShape({ file }: Lora, slot: AdapterSlot, { down, up }: LoraLayer): void {
  const rank = down.shape[0] ?? 0;
  const wide = slot.inChannels * slot.kernel ** 2;
  if (
    product(down.shape) === rank * wide &&
    up.shape[0] === slot.outChannels &&
    product(up.shape) === slot.outChannels * rank
  ) {
    return;
  }
  throw unfitLora(
    file,
    `is made for another architecture: its layer "${slot.name}" has ${product(down.shape) / rank} input and ${up.shape[0]} output channels, but this model's layer has ${wide} and ${slot.outChannels}.`,
  );
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, side) => total * side, 1);
}
