import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import type { ConfigProblem } from '../errors.ts';
import { formatKeyPath } from './key-path.ts';
import type { KeyPath } from './key-path.ts';

/** One YAML file: its values with the environment filled in, and the line in which each of them stands. */
export interface ConfigFile {
  /** As the person named it, for messages. */
  readonly name: string;
  /** Maps, lists and scalars; an empty map for an empty file, `undefined` for one that is not YAML. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** `file:line` of a key; for one that is missing, of what it is missing from. */
  where(path: KeyPath): string;
}

export function problemAt(file: ConfigFile, path: KeyPath, problem: string): ConfigProblem {
  return { where: file.where(path), key: formatKeyPath(path), problem };
}

/** Parses a configuration file. Problems are returned, never thrown, and quote nothing of the text but its keys. */
export function parseConfigFile(name: string, text: string, environment: NodeJS.ProcessEnv): ConfigFile {
  const lineCounter = new LineCounter();
  // Pretty errors quote the source, which may hold a secret; duplicate keys are found below, where their path is known.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const syntaxProblems = [...document.errors, ...document.warnings].map((error) => ({
    where: `${name}:${lineAt(error.pos[0])}`,
    key: '',
    problem: describeSyntaxError(error.code),
  }));
  if (syntaxProblems.length > 0) {
    return { name, value: undefined, problems: syntaxProblems, where: () => name };
  }
  const reader = new DocumentReader(name, document, lineAt, environment);
  const value = reader.read(document.contents, []) ?? {};
  return { name, value, problems: reader.problems, where: (path) => reader.where(path) };
}

/** Walks a document once: turns nodes into plain values, and remembers lines and problems on the way. */
class DocumentReader {
  readonly problems: ConfigProblem[] = [];
  readonly #name: string;
  readonly #document: Document.Parsed;
  readonly #lineAt: (offset: number) => number;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #lines = new Map<string, number>();
  /** Targets of the aliases that are being read, to notice one that contains itself. */
  readonly #openTargets = new Set<Node>();

  constructor(
    name: string,
    document: Document.Parsed,
    lineAt: (offset: number) => number,
    environment: NodeJS.ProcessEnv,
  ) {
    this.#name = name;
    this.#document = document;
    this.#lineAt = lineAt;
    this.#environment = environment;
  }

  where(path: KeyPath): string {
    if (path.length === 0) return this.#name;
    const line = this.#lines.get(formatKeyPath(path));
    return line === undefined ? this.where(path.slice(0, -1)) : `${this.#name}:${line}`;
  }

  read(node: unknown, path: KeyPath): unknown {
    if (isMap(node)) return this.#readMap(node.items, path);
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const itemPath = [...path, index];
        this.#rememberLine(item, itemPath);
        return this.read(item, itemPath);
      });
    }
    if (isAlias(node)) return this.#readAlias(node.resolve(this.#document), path);
    if (!isScalar(node)) return null;
    return typeof node.value === 'string' ? this.#fillIn(node.value, path) : node.value;
  }

  #readMap(pairs: readonly { key: unknown; value: unknown }[], path: KeyPath): unknown {
    const entries = new Map<string, unknown>();
    for (const { key, value } of pairs) {
      const name = String(isScalar(key) ? key.value : key);
      const keyPath = [...path, name];
      if (entries.has(name)) {
        const first = this.where(keyPath);
        this.#rememberLine(key, keyPath);
        this.#report(keyPath, `stands here a second time (first in ${first}); keep one of them`);
      } else {
        this.#rememberLine(key, keyPath);
        entries.set(name, this.read(value, keyPath));
      }
    }
    return Object.fromEntries(entries);
  }

  #readAlias(target: Node | undefined, path: KeyPath): unknown {
    if (target === undefined || this.#openTargets.has(target)) {
      this.#report(
        path,
        'starts with *, which YAML takes for a reference, and refers to nothing that is complete before it; put the value in quotes',
      );
      return undefined;
    }
    this.#openTargets.add(target);
    const value = this.read(target, path);
    this.#openTargets.delete(target);
    return value;
  }

  /** Puts values of the environment in the place of `${NAME}`. */
  #fillIn(text: string, path: KeyPath): string {
    return text.replace(/\$\{([^{}]*)\}/g, (written, name: string) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
        this.#report(path, 'has a ${…} that is not the name of an environment variable; write ${NAME}');
        return written;
      }
      const value = this.#environment[name];
      if (value === undefined) {
        this.#report(
          path,
          `needs the environment variable ${name}, which is not set; set it or write the value here`,
        );
      }
      return value ?? written;
    });
  }

  #rememberLine(node: unknown, path: KeyPath): void {
    const offset = (node as Node | null)?.range?.[0];
    if (offset !== undefined) this.#lines.set(formatKeyPath(path), this.#lineAt(offset));
  }

  #report(path: KeyPath, problem: string): void {
    this.problems.push({ where: this.where(path), key: formatKeyPath(path), problem });
  }
}

const misaligned =
  'does not fit the lines around it; align it with its neighbours, and put a value that contains ": " in quotes';

/** The parser's own messages may quote a value, so that only its codes are used. */
const syntaxErrors: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'is indented by a tab; use spaces',
  BAD_INDENT: misaligned,
  BLOCK_AS_IMPLICIT_KEY: misaligned,
  MULTILINE_IMPLICIT_KEY: misaligned,
  TAG_RESOLVE_FAILED: 'has a value that starts with "!"; put it in quotes',
  BAD_SCALAR_START: 'has a value that starts with a character that YAML reserves; put it in quotes',
  BAD_DQ_ESCAPE: 'has a backslash in double quotes; use single quotes',
  MISSING_CHAR: 'misses the end of a quote or bracket that was opened before',
  MULTIPLE_DOCS:
    'starts a second document with "---"; move it to a file of its own and name the folder as configuration',
};

function describeSyntaxError(code: YAMLError['code']): string {
  return syntaxErrors[code] ?? `is not valid YAML (${code}); compare it with config/example.yaml`;
}
