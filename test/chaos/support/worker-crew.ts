import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../e2e/support/program.ts';
import type { Stand } from '../../e2e/support/stand.ts';
import { waitUntil } from '../../e2e/support/wait-until.ts';
import type { Dice } from '../../unit/checkpoint-model/dice.ts';

/** Stands in the configuration where each worker has its own name. */
export const workerName = '@worker@';

/** A time after which something may be sent again that was acknowledged shortly before. */
export interface Disturbance {
  readonly fromMs: number;
  readonly toMs: number;
  /** The one worker that it concerns; otherwise all. */
  readonly worker?: string;
}

export interface Churn {
  /** How long a worker lives once it is ready. */
  readonly shortestMs: number;
  readonly longestMs: number;
  readonly isOver: () => boolean;
}

interface Member {
  readonly name: string;
  readonly program: Program;
}

/** Workers of one stand, each with a name of its own, that come and go. */
export class WorkerCrew {
  readonly kills: Disturbance[] = [];
  readonly #stand: Stand;
  readonly #dice: Dice;
  readonly #members = new Set<Member>();
  #hired = 0;

  constructor(stand: Stand, dice: Dice) {
    this.#stand = stand;
    this.#dice = dice;
  }

  /** Starts workers that stay. */
  async hire(count = 1): Promise<void> {
    for (let hired = 0; hired < count; hired++) await this.#start();
  }

  /** Ends all with SIGKILL. */
  async killAll(): Promise<void> {
    for (const member of this.#members) await this.#kill(member);
  }

  /** Kills each worker after a short time drawn by chance and starts another one in its place, until it is over; then all stay. */
  async churn({ shortestMs, longestMs, isOver }: Churn): Promise<void> {
    const serve = async (first: Member) => {
      for (let member = first; !isOver(); member = await this.#start()) {
        await sleep(shortestMs + this.#dice.below(longestMs - shortestMs));
        await this.#kill(member);
      }
    };
    await Promise.all([...this.#members].map(serve));
  }

  async #start(): Promise<Member> {
    const name = `worker-${++this.#hired}`;
    const config = (await readFile(this.#stand.configPath, 'utf8')).replaceAll(workerName, name);
    const configPath = path.join(this.#stand.folder, `${name}.yaml`);
    await writeFile(configPath, config);
    const program = this.#stand.start(
      'worker',
      '--config',
      configPath,
      '--task-queue',
      this.#stand.taskQueue,
    );
    const member = { name, program };
    this.#members.add(member);
    await waitUntil(`${name} is ready`, () => {
      if (!program.isRunning()) throw new Error(`${name} ended: ${program.output()}`);
      return program.output().includes('Worker started');
    });
    return member;
  }

  async #kill(member: Member): Promise<void> {
    this.#members.delete(member);
    member.program.kill('SIGKILL');
    await member.program.exited;
    const atMs = Date.now();
    this.kills.push({ fromMs: atMs, toMs: atMs, worker: member.name });
  }
}
