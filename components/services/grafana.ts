import { readFileSync } from "node:fs";
import type { Health, ServiceSpec } from "./service.ts";
import { defineService } from "./service.ts";

/** How the dashboards are served. */
export interface GrafanaArgs {
  /** Port of the node that people reach it on. Undefined publishes none. */
  readonly port: number | undefined;
  /** Where Grafana asks for metrics. */
  readonly prometheus: string;
  /** Whether the image is Grafana's own, which has other commands to ask for its health with. */
  readonly official: boolean;
}

const provisioning = "/etc/goimg-grafana/provisioning";
const dashboards = "/etc/goimg-grafana/dashboards";
const health = "http://127.0.0.1:3000/api/health";

/**
 * Grafana. All that it shows is provisioned, and its database is of the container alone: Grafana sets the administrator's password
 * when it makes its database, and never again, so a database that stays would outlive a rotation.
 */
export function grafana({ port, prometheus, official }: GrafanaArgs): ServiceSpec<"grafana"> {
  return defineService({
    name: "grafana",
    image: "grafana",
    uid: 10007,
    args: [],
    env: {
      GF_SECURITY_ADMIN_PASSWORD__FILE: "/run/secrets/GRAFANA_ADMIN_PASSWORD",
      GF_PATHS_DATA: "/tmp/grafana",
      GF_PATHS_LOGS: "/tmp/grafana/log",
      GF_PATHS_PLUGINS: "/tmp/grafana/plugins",
      GF_PATHS_PROVISIONING: provisioning,
      GF_LOG_MODE: "console",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_AUTH_ANONYMOUS_ENABLED: "false",
    },
    secrets: ["GRAFANA_ADMIN_PASSWORD"],
    networks: port === undefined ? ["monitoring"] : ["monitoring", "dashboards"],
    volumes: [],
    files: [
      {
        name: "grafana-datasource",
        path: `${provisioning}/datasources/prometheus.yaml`,
        content: datasource(prometheus),
      },
      { name: "grafana-provider", path: `${provisioning}/dashboards/goimg-secrets.yaml`, content: provider },
      { name: "grafana-dashboard", path: `${dashboards}/secrets.json`, content: dashboard() },
    ],
    replicas: 1,
    health: official ? officialHealth : { ...officialHealth, command: ["goimg-job", "http-check", health] },
    limits: { cpus: 0.5, memoryMb: 256 },
    rollout: port === undefined ? "rolling" : "exclusive",
    ...(port === undefined ? {} : { publish: [{ target: 3000, published: port }] }),
    silent: true,
    after: [],
    stopGrace: "30s",
  });
}

const officialHealth: Health = {
  command: ["wget", "--quiet", "--output-document=/dev/null", health],
  interval: "2s",
  timeout: "2s",
  retries: 3,
  startPeriod: "1m",
};

/** JSON is YAML: no quoting of our own. */
const datasource = (url: string): string =>
  JSON.stringify({
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        uid: "goimg-prometheus",
        type: "prometheus",
        access: "proxy",
        url,
        isDefault: true,
        editable: false,
      },
    ],
  });

const provider = JSON.stringify({
  apiVersion: 1,
  providers: [
    {
      name: "goimg-secrets",
      type: "file",
      allowUiUpdates: false,
      disableDeletion: true,
      options: { path: dashboards },
    },
  ],
});

const dashboard = (): string => readFileSync(new URL("../observability/dashboard.json", import.meta.url), "utf8");
