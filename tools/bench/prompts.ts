const COLOURS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'brown', 'black', 'white'];
const THINGS = ['circle', 'fox', 'star', 'house', 'heart', 'tree', 'square', 'cat', 'triangle', 'apple'];

/** Things in every colour, on a background of the colour after next: what the embedded model draws. */
export function benchPrompts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    const colour = COLOURS[i % 10];
    const thing = THINGS[Math.floor(i / 10 + i) % 10];
    return `a ${colour} ${thing} on a ${COLOURS[(i + 2) % 10]} background`;
  });
}
