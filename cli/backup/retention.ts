const pattern = /^goimg-(.+)-(\d{8}T\d{6}Z)(?:-\d+)?\.age$/;

/** The name of a backup: in alphabetical order they are in the order of time. */
export function backupName(stack: string, made: Date): string {
  return `goimg-${stack}-${made.toISOString().replace(/[-:]|\.\d+/g, "")}.age`;
}

/** The backups of a stack to remove so that the newest `keep` stay. Files of any other name are none of ours. */
export function outdated(names: readonly string[], stack: string, keep: number): readonly string[] {
  return names
    .filter((name) => pattern.exec(name)?.[1] === stack)
    .sort()
    .reverse()
    .slice(keep);
}
