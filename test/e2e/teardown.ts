/**
 * A teardown that fails the run when it fails: Vitest prints its error, and ends with 0.
 *
 * @param take what takes things down, and looks whether anything is left
 */
export const failing = (take: () => Promise<void>) => async (): Promise<void> => {
  try {
    await take();
  } catch (error) {
    process.exitCode = 1;
    throw error;
  }
};
