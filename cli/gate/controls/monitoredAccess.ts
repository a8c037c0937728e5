import type { Control } from "../control.ts";

export const monitoredAccess: Control = {
  id: "access-monitored",
  kind: "practice",
  number: 6,
  title: "Monitor secret access (auditd integration)",
  how: "the audit log's hash chain; the Swarm's secrets and services against what the log last saw of them; each task's own report of what it read; auditd's loaded rules on this machine (required in production)",
  async check(facts) {
    const [audit, production] = await Promise.all([facts.audit(), facts.production()]);
    const { entries, broken, unrecorded, reports, auditd, unwatched } = audit;
    return {
      looked: entries,
      problems: [
        ...(broken === undefined ? [] : [`the audit log was changed: ${broken}`]),
        ...(broken !== undefined || entries > 0 ? [] : ["the audit log is empty: goimg-secrets audit --record"]),
        ...unrecorded.map(
          (change) =>
            `${change}, which the audit log has not seen: find out who did, then goimg-secrets audit --record`,
        ),
        ...reports.filter(({ said }) => !said).map(({ task }) => `${task} has not reported which secrets it read`),
        ...(production && auditd === "absent" ? ["auditd does not run here: docs/security/audit.md"] : []),
        ...(production ? unwatched : []).map((rule) => `auditd does not have the rule: ${rule}`),
      ],
      seen: { entries, reports: reports.length, auditd, unwatched, auditdRequired: production },
    };
  },
};
