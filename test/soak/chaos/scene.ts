import type { Dice } from './dice.ts';
import { type HostileKind, honestLine, hostileLine, smallTalk } from './lines.ts';
import { type Bomb, HONEST, HOSTILE, type People } from './people.ts';
import type { SupervisedBot } from './supervised-bot.ts';
import type { Deed } from './verdict.ts';

/** A third of what hostile people do is typed, by kinds; evasions only where the words are blocked. */
const TYPED: readonly HostileKind[] = ['load', 'evasion', 'huge', 'load'];

export interface Scene {
  readonly deeds: readonly Deed[];
  /** What people could not do though the bot was there. */
  readonly troubles: readonly string[];
  bombsThrown(): number;
  /** Some honest person does something; nobody waits for it. */
  honest(): void;
  hostile(): void;
  /** Resolves when all has been heard of. */
  settled(): Promise<void>;
}

export interface SceneParts {
  readonly all: readonly People[];
  readonly bot: SupervisedBot;
  readonly dice: Dice;
  readonly bombs: readonly Bomb[];
}

/** Who does what, by the dice. */
export function createScene({ all, bot, dice, bombs }: SceneParts): Scene {
  const deeds: Deed[] = [];
  const troubles: string[] = [];
  const doing = new Set<Promise<void>>();
  /** By platform and person. */
  const markers = new Map<string, string[]>();
  let [asked, thrown] = [0, 0];

  function begin(act: () => Promise<void>, onTrouble: (error: unknown) => void): void {
    const done = act()
      .catch(onTrouble)
      .finally(() => doing.delete(done));
    doing.add(done);
  }

  function newMarker(platform: string): string {
    asked += 1;
    return `chaos${platform}${asked}x`;
  }

  async function draw(people: People, person: number): Promise<void> {
    const { platform } = people.crowd;
    const marker = newMarker(platform);
    const own = `${platform} ${person}`;
    markers.set(own, [...(markers.get(own) ?? []), marker]);
    const heard = await people.say(person, honestLine(dice, marker));
    deeds.push({ platform, isHonest: true, what: 'imagine', marker, heard });
  }

  async function press(people: People, person: number): Promise<void> {
    const { platform } = people.crowd;
    const own = markers.get(`${platform} ${person}`) ?? [];
    if (own.length === 0) return draw(people, person);
    const marker = dice.pick(own);
    const pressed = await people.press(person, marker);
    if (pressed === undefined) return;
    deeds.push({ platform, isHonest: true, what: pressed.action, marker, heard: pressed.heard });
  }

  async function talk(people: People, person: number): Promise<void> {
    const heard = await people.say(person, smallTalk(dice));
    deeds.push({ platform: people.crowd.platform, isHonest: true, what: 'talk', marker: undefined, heard });
  }

  async function attack(people: People, person: number): Promise<void> {
    const { platform } = people.crowd;
    const marker = newMarker(platform);
    if (dice.share() < 0.65) {
      thrown += 1;
      const tiny = hostileLine(dice, 'tiny', marker);
      // What becomes of it is counted by its job, if there is one.
      deeds.push({ platform, isHonest: false, what: 'imagine', marker, heard: UNHEARD });
      return people.throwBomb(person, dice.pick(bombs), tiny);
    }
    const picked = dice.pick(TYPED);
    const kind = picked === 'evasion' && platform !== 'web' ? 'huge' : picked;
    const line = hostileLine(dice, kind, marker);
    const heard = await people.say(person, line);
    deeds.push({ platform, isHonest: false, what: 'imagine', marker, line, heard });
  }

  return {
    deeds,
    troubles,
    bombsThrown: () => thrown,
    honest: () => {
      const [people, person, share] = [dice.pick(all), dice.below(HONEST), dice.share()];
      const from = performance.now();
      const act = share < 0.6 ? draw : share < 0.85 ? press : talk;
      begin(
        () => act(people, person),
        (error) => {
          const { platform } = people.crowd;
          // A message may go between the look at it and the press; a dead bot refuses connections.
          if (bot.downMs(platform, from, performance.now()) > 0 || /gone|no button|disabled/.test(String(error)))
            return;
          troubles.push(`${platform}: ${error}`);
        },
      );
    },
    hostile: () => {
      const [people, person] = [dice.pick(all), HONEST + dice.below(HOSTILE)];
      // Clients refuse some of it before the bot sees it, and hostile people hear of no trouble.
      begin(
        () => attack(people, person),
        () => undefined,
      );
    },
    settled: async () => {
      while (doing.size > 0) await Promise.all(doing);
    },
  };
}

const UNHEARD = { from: 0, to: 0, ackMs: undefined, told: () => undefined };
