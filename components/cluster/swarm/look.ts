/**
 * Makes questions that are asked side by side one: hundreds of services wait for the same Swarm. An answer is never older than its
 * question: whoever asks while an answer is on its way gets the next one.
 */
export function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    const now = ask();
    const done = (): void => {
      if (running === now) running = undefined;
    };
    running = now;
    now.then(done, done);
    return now;
  };
  return () => {
    if (running === undefined) return begin();
    const after = (): Promise<T> => {
      next = undefined;
      return begin();
    };
    next ??= running.then(after, after);
    return next;
  };
}
