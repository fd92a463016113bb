import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PendingUploads } from '../../../src/platforms/web/pending-uploads.ts';

const MEBIBYTE = 1024 * 1024;

describe('pictures that wait to be attached', () => {
  let gallery: PendingUploads;
  const forgotten: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    gallery = new PendingUploads((upload) => forgotten.push(upload));
  });
  afterEach(() => {
    gallery.clear();
    forgotten.length = 0;
    vi.useRealTimers();
  });
  // Bytes that nobody touches take no memory.
  const put = (upload: string, person: string, mebibytes = 1) =>
    gallery.put(upload, person, {
      ...{ name: 'a.png', mediaType: 'image/png', width: 1, height: 1, alt: '' },
      data: new Uint8Array(mebibytes * MEBIBYTE),
    });

  it('are forgotten after half an hour, also when nobody does anything', () => {
    put('a', 'ada');
    vi.advanceTimersByTime(29 * 60_000);
    expect(gallery.get('a', 'ada')).toBeDefined();
    vi.advanceTimersByTime(60_000);
    expect(forgotten).toEqual(['a']);
    expect(gallery.get('a', 'ada')).toBeUndefined();
  });

  it('are their owner’s alone', () => {
    put('a', 'ada');
    expect(gallery.get('a', 'ben')).toBeUndefined();
  });

  it('are eight of one person, the latest, and no more bytes than two of the largest and some', () => {
    for (let i = 0; i < 10; i += 1) put(`a${i}`, 'ada');
    put('b', 'ben');
    expect(forgotten).toEqual(['a0', 'a1']);
    put('large', 'ada', 25);
    put('larger', 'ada', 25);
    put('largest', 'ada', 25);
    expect(gallery.get('large', 'ada')).toBeUndefined();
    expect(gallery.get('larger', 'ada')).toBeDefined();
    expect(gallery.get('largest', 'ada')).toBeDefined();
    expect(gallery.get('b', 'ben')).toBeDefined();
  });

  it('are bounded in all, at the cost of whoever holds the most', () => {
    put('honest', 'ada', 2);
    for (let i = 0; i < 20; i += 1) put(`m${i}`, `mallory${i % 6}`, 25);
    expect(gallery.get('honest', 'ada')).toBeDefined();
    expect(forgotten).not.toContain('honest');
    expect(20 - forgotten.length).toBeLessThanOrEqual(10);
    for (let i = 0; i < 400; i += 1) put(`n${i}`, `name${i}`, 0);
    expect(421 - forgotten.length).toBeLessThanOrEqual(256);
  });
});
