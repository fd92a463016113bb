import { type ClientOptions, SimpleShardingStrategy } from 'discord.js';

type BuildStrategy = NonNullable<NonNullable<ClientOptions['ws']>['buildStrategy']>;

/**
 * discord.js' own way of running shards, except that trouble in handling an event is told to `onTrouble`. There it is an
 * unhandled rejection that ends the process: a session that is declared invalid (op 9) right after it was resumed does
 * that, since the handler of RESUMED then finds no session.
 */
export function buildSharding(onTrouble: (error: unknown) => void): BuildStrategy {
  return (manager) => {
    const emit = manager.emit.bind(manager);
    const emitSafely = (...event: Parameters<typeof emit>): boolean => {
      try {
        return emit(...event);
      } catch (error) {
        onTrouble(error);
        return true;
      }
    };
    manager.emit = emitSafely as typeof emit;
    return new SimpleShardingStrategy(manager);
  };
}
