import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, onTestFinished } from 'vitest';
import { startDevServer, type DevServer } from '../../../src/temporal/dev-server.ts';
import type { Disturbance } from './worker-crew.ts';

/** An attempt that the server has given up meanwhile hears of it with its next heartbeat. */
const hearsOfItMs = 18_000;

/** A Temporal server on a database file that is killed and started again, and goes with the test. */
export class FragileServer {
  /** From each kill until everybody knows of it. */
  readonly outages: Disturbance[] = [];
  readonly #folder: string;
  #server: DevServer | undefined;

  static async start(): Promise<FragileServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'office365-ingest-chaos-'));
    const server = new FragileServer(folder);
    onTestFinished(async () => {
      await server.#server?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    await server.#up(0);
    return server;
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `host:port`, the same after each start. */
  get address(): string {
    return this.#server!.address;
  }

  /** Ends the server with SIGKILL and starts it again after a while. */
  async crash(downMs: number): Promise<void> {
    const server = this.#server!;
    const fromMs = Date.now();
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await sleep(downMs);
    await this.#up(Number(server.address.split(':')[1]));
    this.outages.push({ fromMs, toMs: Date.now() + hearsOfItMs });
  }

  async #up(port: number): Promise<void> {
    this.#server = await startDevServer({
      cliPath: inject('temporalCliPath'),
      databasePath: path.join(this.#folder, 'temporal.db'),
      logPath: path.join(this.#folder, 'server.log'),
      port,
      headless: true,
    });
  }
}
