/** What a sentence tells people to say in a channel, and what that is in a shell. */
const SAID: readonly (readonly [inChannel: RegExp, inShell: string])[] = [
  [/`\/help samplers`/g, '`easel samplers`'],
  [/`\/styles`/g, '`easel styles`'],
  [/`\/help imagine`/g, '`easel imagine --help`'],
  [/`\/imagine ([^`"]+)`/g, '`easel imagine "$1" --out picture.png`'],
];

/** A sentence of a command, for the command line, which knows the same options but no channel. */
export function toShellMessage(sentence: string): string {
  return SAID.reduce((said, [inChannel, inShell]) => said.replace(inChannel, inShell), sentence);
}
