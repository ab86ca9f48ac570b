import type { FaultRequest } from '../../../src/simulator/faults.ts';
import type { FaultKind } from '../../../src/simulator/fault-kinds.ts';
import type { Simulator } from '../../../src/simulator/start.ts';
import type { Dice } from '../../unit/checkpoint-model/dice.ts';

/** What may become of any answer and is over with the next one. */
const anywhere: readonly FaultKind[] = [
  'AF429',
  'AF429-status-429',
  'AF429-single-quotes',
  'frontEnd429',
  'AF50000',
  'AF50000-single-quotes',
  'AF50005',
  'AF50006',
  'html200',
  'html502',
  'html503',
  'html504',
  'text503',
  'empty200',
  'empty408',
  'errorObject200',
  'unknownCode',
  'redirect',
  'reset',
  'truncated',
  'cutJson',
  'slow',
];

/**
 * Every kind that heals by itself within seconds. Left out are those that park the subscription (a scenario of its own), those
 * that tell a client to wait for minutes, and those by which content is lost for good.
 */
const kindsOf = {
  content: [
    ...anywhere,
    'AF20030',
    'AF20055',
    'oddContentType',
    'selfLink',
    'endlessLinks',
    'foreignLink',
    'foreignContentUri',
  ],
  nextPage: [...anywhere, 'AF20031', 'selfLink', 'endlessLinks', 'foreignLink'],
  blob: [...anywhere, 'AF20050', 'AF20052', 'oddContentType', 'slowBody', 'drip'],
  token: ['token429', 'token503', 'AADSTS50000', 'AADSTS90033', 'AADSTS90006', 'html503', 'reset'],
} satisfies Partial<Record<FaultRequest['operation'], readonly FaultKind[]>>;

/** How many kinds of an operation are in force at once. */
const kindsAtOnce = 8;

/**
 * Spoils this share of all answers to requests for blobs, and to those of one other operation, by kinds drawn by chance: were all
 * operations spoilt at once, a listing would hardly ever come through, and no blob be asked for. The ids of the faults.
 */
export function addFaultMix(simulator: Simulator, dice: Dice, share: number): readonly string[] {
  const other = dice.pick(['content', 'nextPage', 'token'] as const);
  return (['blob', other] as const).flatMap((operation) => {
    const drawn = dice.shuffle<FaultKind>(kindsOf[operation]).slice(0, kindsAtOnce);
    // A fault sees what those before it have left.
    const rate = 1 - (1 - share) ** (1 / drawn.length);
    return drawn.map((kind) =>
      simulator.addFault({
        operation,
        kind,
        rate,
        delayMs: kind === 'slow' || kind === 'slowBody' ? 200 + dice.below(2_000) : 0,
        bytesPerSecond: 4_000,
      }),
    );
  });
}
