import { randomUUID } from "node:crypto";
import * as z from "zod";

/** What the API knows of an image. */
const imageSchema = z.object({
  id: z.string(),
  contentType: z.string(),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
});

/** A user of the API under test, with a password and token that are thrown away. */
export class Client {
  readonly #url: string;
  readonly #password: string;
  readonly token: string;
  readonly id: string;
  readonly email: string;

  private constructor(url: string, id: string, user: { email: string; password: string }, token: string) {
    this.#url = url;
    this.#password = user.password;
    this.id = id;
    this.email = user.email;
    this.token = token;
  }

  /** Registers a new user and logs in. */
  static async register(url: string): Promise<Client> {
    const user = { email: `${randomUUID()}@example.com`, password: randomUUID() };
    const { id } = z.object({ id: z.string() }).parse(await post(`${url}/users`, user));
    return new Client(url, id, user, await tokenOf(url, user));
  }

  /** The same user with a new token. */
  async again(): Promise<Client> {
    const user = { email: this.email, password: this.#password };
    return new Client(this.#url, this.id, user, await tokenOf(this.#url, user));
  }

  async me(): Promise<unknown> {
    return (await this.#get("/me")).json();
  }

  /** Stores an image; answers its id. */
  async upload(data: Buffer, contentType: string): Promise<string> {
    const body = { contentType, data: data.toString("base64") };
    const answer = await post(`${this.#url}/images`, body, { authorization: `Bearer ${this.token}` });
    return z.object({ id: z.string() }).parse(answer).id;
  }

  async image(id: string): Promise<z.infer<typeof imageSchema>> {
    return imageSchema.parse(await (await this.#get(`/images/${id}`)).json());
  }

  async content(id: string): Promise<Buffer> {
    return Buffer.from(await (await this.#get(`/images/${id}/content`)).arrayBuffer());
  }

  async #get(path: string): Promise<Response> {
    const response = await fetch(this.#url + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
    return response;
  }
}

async function tokenOf(url: string, user: { readonly email: string; readonly password: string }): Promise<string> {
  return z.object({ token: z.string() }).parse(await post(`${url}/login`, user)).token;
}

async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  const init = {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  };
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`POST ${new URL(url).pathname} answered ${response.status}`);
  return response.json();
}
