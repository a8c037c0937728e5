import type { Project, Service } from "../compose/project.ts";
import type { Occurrence } from "../find/occurrences.ts";
import { accountOf, softwareOfImage, softwareOfScheme, softwareOfVariable, type Software } from "./software.ts";

/** What an occurrence says of what its secret is for. */
export interface Purpose {
  readonly software: Software | undefined;
  readonly account: "root" | "user" | undefined;
  /** The service that accepts it, if it is one of the project's. */
  readonly backing: string | undefined;
  /** The host of a URL around it that is no service of the project. */
  readonly elsewhere: string | undefined;
}

/** Reads an occurrence's purpose from the URL around it, its variable's name, and the image of its service. */
export function purposeOf(occurrence: Occurrence, project: Project): Purpose {
  const { subject, name, variable, service } = occurrence;
  const own = project.services.find((each) => each.name === service);
  const url = urlAround(occurrence) ?? hostBeside(name, own);
  const image = softwareOfImage(own?.image ?? "");
  const host = url === undefined ? undefined : serviceAt(url.host, project);
  const named = softwareOfVariable(name) ?? (variable === undefined ? undefined : softwareOfVariable(variable));
  const byHost =
    host === undefined ? undefined : softwareOfImage(project.services.find((each) => each.name === host)?.image ?? "");
  const inServer = image !== undefined && (subject.where !== "environment" || named?.id === image.id);
  const software =
    (url === undefined ? undefined : (softwareOfScheme(url.scheme) ?? byHost)) ?? (inServer ? image : named);
  return {
    software,
    account: accountOf(name) ?? (url === undefined ? undefined : accountOf(url.user)),
    backing: host ?? (inServer ? service : undefined),
    elsewhere: url !== undefined && host === undefined && isForeign(url.host) ? url.host : undefined,
  };
}

interface UrlAround {
  readonly scheme: string;
  readonly user: string;
  readonly host: string;
}

/** `DB_HOST` beside `DB_PASSWORD`. */
function hostBeside(name: string, service: Service | undefined): UrlAround | undefined {
  const stem = /^(.*?)(?:PASSWORD|PASSWD|PASS|PW|PWD)$/i.exec(name)?.[1];
  if (service === undefined || stem === undefined || !/[_.]$/.test(stem)) return undefined;
  const siblings = ["HOST", "HOSTNAME", "SERVER", "ADDR", "ADDRESS", "HOST_NAME"];
  for (const [key, { text }] of service.environment) {
    const sibling = key.startsWith(stem) && siblings.includes(key.slice(stem.length).toUpperCase());
    const host = /^([\w.-]+)(?::\d+)?$/.exec(text)?.[1];
    if (sibling && host !== undefined) return { scheme: "", user: "", host };
  }
  return undefined;
}

/** The URL that the occurrence is a part of. */
function urlAround({ subject, start, end }: Occurrence): UrlAround | undefined {
  const before = /([a-z][\w+.-]*):\/\/([^\s:/@]*):?$/i.exec(subject.traced.text.slice(0, start));
  if (before !== null) {
    const host = /^@([\w.-]+)/.exec(subject.traced.text.slice(end))?.[1];
    return { scheme: before[1] ?? "", user: before[2] ?? "", host: host ?? "" };
  }
  const query = /([a-z][\w+.-]*):\/\/(?:[^\s/@]*@)?([\w.-]+)[^\s]*[?&;][\w.-]+=$/i.exec(
    subject.traced.text.slice(0, start),
  );
  return query === null ? undefined : { scheme: query[1] ?? "", user: "", host: query[2] ?? "" };
}

function serviceAt(host: string, project: Project): string | undefined {
  return project.services.find(({ name, node }) => {
    const field = (key: string): unknown => {
      const item = node.items.get(key);
      return item?.kind === "scalar" ? item.value : undefined;
    };
    return name === host || field("container_name") === host || field("hostname") === host;
  })?.name;
}

/** A name with a dot is another machine's; `localhost` and the like are not. */
function isForeign(host: string): boolean {
  return (
    host.includes(".") &&
    !/^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|0\.0\.0\.0)|\.(?:local|internal|localhost)$|^host\.docker/.test(
      host,
    )
  );
}
