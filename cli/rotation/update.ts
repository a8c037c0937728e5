import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { OperatorError } from "../error.ts";
import { recover } from "../recover.ts";
import { StackLocked } from "../recovery/locks.ts";
import type { StackContext } from "../stack.ts";

/** What an update did to one resource. */
export interface Change {
  readonly operation: string;
  readonly type: string;
  readonly name: string;
  /** Seconds from the start of the operation to its end. */
  readonly seconds: number;
}

/** Told as the update goes. */
export type OnChange = (change: Change) => void;

/** How often, and how long, a stack that somebody else is updating is waited for. Milliseconds. */
const backoff = { first: 1000, longest: 30_000, tries: 8 } as const;

/** Updates of one stack, one after the other, by one command. */
export class Updates {
  readonly #context: StackContext;
  readonly #report: (line: string) => void;
  readonly #hurry: boolean;
  #engine: Promise<Stack> | undefined;
  #mending: Promise<void> | undefined;
  /** Whether the last update ended well, so that there is nothing to mend. */
  #intact = false;

  /** @param hurry an emergency: what comes before its first update begins at once; see `openEngine` */
  constructor(context: StackContext, report: (line: string) => void, hurry = false) {
    this.#context = context;
    this.#report = report;
    this.#hurry = hurry;
    if (!hurry) return;
    this.#engine = this.#open();
    this.#mending = this.#mend();
    // The first update tells of what goes wrong.
    for (const early of [this.#engine, this.#mending]) early.catch(() => undefined);
  }

  /** The Automation API and the program are loaded when there is something to update. */
  async #open(): Promise<Stack> {
    const { openEngine } = await import("./engine.ts");
    return openEngine(this.#context, this.#hurry);
  }

  /** What a killed update left behind is mended. */
  async #mend(): Promise<void> {
    const { stack, cwd, env } = this.#context;
    await recover({ stack, env, cwd, engine: this.#context, report: this.#report });
  }

  /**
   * Runs `pulumi up` by the Automation API. An update that another one is in the way of is tried again, with growing pauses;
   * what a killed update left behind is mended first.
   *
   * @throws OperatorError with what the engine said, or that the stack stays locked
   */
  async run(onChange: OnChange): Promise<readonly Change[]> {
    const { stack } = this.#context;
    for (let attempt = 1, wait: number = backoff.first; ; attempt += 1, wait = Math.min(wait * 2, backoff.longest)) {
      const changes = new Changes(onChange);
      try {
        const mended = this.#mending ?? (this.#intact ? undefined : this.#mend());
        this.#mending = undefined;
        const [engine] = await Promise.all([(this.#engine ??= this.#open()), mended]);
        this.#intact = false;
        await this.#up(engine, changes);
        this.#intact = true;
        return changes.done;
      } catch (error) {
        if (!isLocked(error) || attempt === backoff.tries) {
          throw error instanceof OperatorError ? error : failed(error, changes.errors);
        }
        this.#report(`somebody else is updating ${stack}: trying again in ${wait / 1000} s`);
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  async #up(engine: Stack, changes: Changes): Promise<void> {
    try {
      await engine.up({
        // The preview would show the same edit twice: it is made by a command that has shown it.
        refresh: false,
        suppressProgress: true,
        onEvent: (event) => {
          changes.take(event);
        },
      });
    } catch (error) {
      // A deploy that was rolled back is in the state as if it had not been: look, so that the next update tries again.
      if (!isLocked(error)) await engine.refresh({ suppressProgress: true }).catch(() => undefined);
      throw error;
    }
  }
}

function isLocked(error: unknown): boolean {
  if (error instanceof StackLocked) return true;
  return error instanceof Error && error.message.includes("the stack is currently locked");
}

function failed(error: unknown, errors: readonly string[]): OperatorError {
  const said =
    errors.length > 0
      ? [...new Set(errors)].join("\n")
      : error instanceof Error
        ? error.message
        : "no reason was given";
  return new OperatorError(
    `the update did not finish; nothing that is in use was taken away:\n${said}\nmend it and run the same command again, or take the edit back: goimg-secrets rollback`,
  );
}

/** Pairs the begin and the end of each operation. */
class Changes {
  readonly done: Change[] = [];
  readonly errors: string[] = [];
  readonly #started = new Map<string, number>();
  readonly #onChange: OnChange;

  constructor(onChange: OnChange) {
    this.#onChange = onChange;
  }

  take(event: EngineEvent): void {
    const { resourcePreEvent, resOutputsEvent, diagnosticEvent } = event;
    if (resourcePreEvent !== undefined && resourcePreEvent.metadata.op !== "same") {
      this.#started.set(keyOf(resourcePreEvent.metadata), Date.now());
    }
    if (resOutputsEvent !== undefined && resOutputsEvent.metadata.op !== "same") {
      const { op, type, urn } = resOutputsEvent.metadata;
      const began = this.#started.get(keyOf(resOutputsEvent.metadata)) ?? Date.now();
      const change = { operation: op, type, name: urn.split("::").at(-1) ?? urn, seconds: (Date.now() - began) / 1000 };
      this.done.push(change);
      this.#onChange(change);
    }
    if (diagnosticEvent?.severity === "error") this.errors.push(diagnosticEvent.message.trim());
  }
}

function keyOf({ op, urn }: { readonly op: string; readonly urn: string }): string {
  return `${op} ${urn}`;
}
