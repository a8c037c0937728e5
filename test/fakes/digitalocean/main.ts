/** A provider that the engine loads in the place of DigitalOcean's (Pulumi.yaml, `plugins`). Its limits: docs/deployment/prod.md. */
import { isDeepStrictEqual } from "node:util";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import type { Problems } from "../../../components/stores/provider/kind.ts";
import { isInternal, secretOf, typeOf, unwrapped, type Raw } from "../../../components/stores/provider/wire.ts";
import { drop, find, put, type Thing } from "./cloud.ts";
import { resources, type Resource } from "./resources.ts";
import { checkArguments } from "../schema.ts";

/** `droplet` of `digitalocean:index/droplet:Droplet`. */
const moduleOf = (urn: string): string => /^digitalocean:index\/(\w+):/.exec(typeOf(urn))?.[1] ?? typeOf(urn);

function resourceOf(urn: string): Resource {
  const found = resources[moduleOf(urn)];
  if (found === undefined) throw new Error(`the fake of DigitalOcean has no ${typeOf(urn)}`);
  return found;
}

/** What the cloud is told: a VPC is a network of the engine, by its name. */
async function told(inputs: Thing): Promise<Thing> {
  const vpc = typeof inputs["vpcUuid"] === "string" ? await find("vpc", inputs["vpcUuid"]) : undefined;
  return vpc === undefined ? inputs : { ...inputs, vpcName: vpc["name"] };
}

const provider: Provider = {
  version: "4.80.1",
  check(urn, _olds, news: Raw) {
    const problems: Problems = new Map();
    checkArguments(typeOf(urn), unwrapped(news), problems);
    resourceOf(urn).check?.(unwrapped(news), problems);
    const failures = [...problems].map(([property, reason]) => ({ property, reason: `${property} ${reason}` }));
    return Promise.resolve({ inputs: news, failures });
  },
  diff(_id, urn, olds: Raw, news: Raw) {
    const [before, after] = [unwrapped(olds), unwrapped(news)];
    const given = new Set([...Object.keys(after), ...((before["inputNames"] as readonly string[] | undefined) ?? [])]);
    const changed = [...given].filter((key) => !isInternal(key) && !isDeepStrictEqual(before[key], after[key]));
    const replaces = changed.filter((key) => resourceOf(urn).replacing.includes(key));
    return Promise.resolve({ changes: changed.length > 0, replaces });
  },
  async create(urn, raw: Raw) {
    const inputs = unwrapped(raw);
    const { id, plain = {}, secret = {} } = await resourceOf(urn).create(await told(inputs));
    await put(moduleOf(urn), id, { ...inputs, ...plain, ...secret, id });
    await resourceOf(urn).settle?.();
    const secrets = Object.entries(secret).map(([key, value]) => [key, secretOf(String(value))] as const);
    return { id, outs: { ...raw, ...plain, ...Object.fromEntries(secrets), inputNames: Object.keys(raw) } };
  },
  async update(id, urn, olds: Raw, raw: Raw) {
    const known = Object.fromEntries(Object.entries(olds).filter(([key]) => !Object.hasOwn(raw, key)));
    const kept = { ...known, ...raw };
    const before = (await find(moduleOf(urn), id)) ?? {};
    const plain = (await resourceOf(urn).update?.(id, before, unwrapped(raw))) ?? {};
    await put(moduleOf(urn), id, { ...before, ...unwrapped(raw), ...plain });
    return { outs: { ...kept, ...plain, inputNames: Object.keys(raw) } };
  },
  async read(id, urn, raw: Raw = {}) {
    const thing = await find(moduleOf(urn), id);
    const there = thing !== undefined && ((await resourceOf(urn).exists?.(thing)) ?? true);
    const names = (unwrapped(raw)["inputNames"] as readonly string[] | undefined) ?? [];
    const answered = (resourceOf(urn).answers ?? []).map((name): readonly [string, unknown] => [name, thing?.[name]]);
    const props: Raw = { ...raw, ...Object.fromEntries(answered) };
    const inputs = Object.fromEntries(names.map((name) => [name, props[name]]));
    return there ? { id, props, inputs } : { id: "", props: {} };
  },
  async invoke(token, inputs: Raw) {
    if (token !== "digitalocean:index/getApp:getApp") throw new Error(`the fake of DigitalOcean has no ${token}`);
    const { appId } = unwrapped(inputs);
    const found = await find("app", String(appId));
    if (found === undefined) throw new Error("GET /v2/apps: 404 not found");
    return { outputs: { ...found, appId, specs: [found["spec"]] } };
  },
  async delete(id, urn) {
    const thing = (await find(moduleOf(urn), id)) ?? {};
    await resourceOf(urn).remove?.(thing);
    await drop(moduleOf(urn), id);
    await resourceOf(urn).settle?.();
  },
};

await main(provider, process.argv.slice(2));
