import type { IncomingMessage } from 'node:http';
import { readText } from './call.ts';
import { parseFaultRequest } from './faults.ts';
import type { Simulator } from './simulator.ts';

export interface ControlAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The simulator's own endpoints, which Microsoft's service does not have: `/_report`, `/_content/…`, `/_config`, `/_population`, `/_control/…`. */
export async function answerControl(request: IncomingMessage, simulator: Simulator): Promise<ControlAnswer> {
  const url = new URL(request.url ?? '/', simulator.url);
  const fault = /^\/_control\/faults\/([^/]+)$/.exec(url.pathname)?.[1];
  if (request.method === 'DELETE' && fault !== undefined)
    return simulator.removeFault(fault)
      ? json(200, { id: fault })
      : json(404, { error: `No fault ${fault}.` });
  const contentId = /^\/_content\/([^/]+)$/.exec(url.pathname)?.[1];
  if (request.method === 'GET' && contentId !== undefined) {
    const content = simulator.content(decodeURIComponent(contentId));
    return content ? json(200, content) : json(404, { error: 'No such content.' });
  }
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /_report':
      return json(200, simulator.report());
    case 'GET /_population':
      return json(200, simulator.snapshot());
    case 'GET /_config':
      return { status: 200, contentType: 'application/yaml', body: simulator.configYaml(settingsOf(url)) };
    case 'GET /_control/clock':
      return json(200, simulator.clock());
    case 'POST /_control/freeze':
      simulator.freeze();
      return json(200, simulator.clock());
    case 'GET /_control/faults':
      return json(200, simulator.faults());
    case 'POST /_control/faults':
      return addFault(await readText(request), simulator);
    default:
      return json(404, {
        error:
          'Known are /_report, /_content/{contentId}, /_config, /_population, /_control/{clock,freeze,faults}.',
      });
  }
}

function addFault(body: string, simulator: Simulator): ControlAnswer {
  try {
    return json(201, { id: simulator.addFault(parseFaultRequest(JSON.parse(body))) });
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError)
      return json(400, { error: error.message });
    throw error;
  }
}

/** `?interval=1s&sweep_ages=10s,1m` */
function settingsOf(url: URL): Record<string, string | string[]> {
  return Object.fromEntries(
    [...url.searchParams].map(([name, value]) => [name, name === 'sweep_ages' ? value.split(',') : value]),
  );
}

function json(status: number, value: unknown): ControlAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` };
}
