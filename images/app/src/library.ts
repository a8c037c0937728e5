/** Users and images in PostgreSQL. Each write is one statement under an id chosen here, so that it may be repeated. */
import { randomUUID } from "node:crypto";
import type { Database } from "./database.ts";

export interface User {
  readonly id: string;
  readonly passwordHash: string;
}

/** An image's row; hash and size are the worker's, null until it has looked at the object. */
export interface Image {
  readonly id: string;
  readonly ownerId: string;
  readonly objectKey: string;
  readonly contentType: string;
  readonly bytes: number | null;
  readonly sha256: string | null;
}

/** Channel that tells workers of a new job. */
export const JOBS_CHANNEL = "goimg_jobs";

export class Library {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Id of the new user; null when the address is taken. */
  async addUser(email: string, passwordHash: string): Promise<string | null> {
    const id = randomUUID();
    await this.#database.query(
      "INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      [id, email, passwordHash],
    );
    // Asked again, because a repetition of an insert that had reached the server inserts nothing.
    const [found] = await this.#database.query<{ id: string }>("SELECT id FROM users WHERE email = $1", [email]);
    return found?.id === id ? id : null;
  }

  async userByEmail(email: string): Promise<User | null> {
    const sql = `SELECT id, password_hash AS "passwordHash" FROM users WHERE email = $1`;
    const [user] = await this.#database.query<{ id: string; passwordHash: string }>(sql, [email]);
    return user ?? null;
  }

  async emailOf(userId: string): Promise<string | null> {
    const [user] = await this.#database.query<{ email: string }>("SELECT email FROM users WHERE id = $1", [userId]);
    return user?.email ?? null;
  }

  /** Adds the row and its job together, and wakes a worker. */
  async addImage(image: Pick<Image, "id" | "ownerId" | "objectKey" | "contentType">): Promise<void> {
    const sql = `
      WITH image AS (
        INSERT INTO images (id, owner_id, object_key, content_type) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
      ), job AS (
        INSERT INTO jobs (image_id) VALUES ($1) ON CONFLICT DO NOTHING
      )
      SELECT pg_notify('${JOBS_CHANNEL}', '')`;
    await this.#database.query(sql, [image.id, image.ownerId, image.objectKey, image.contentType]);
  }

  async image(id: string): Promise<Image | null> {
    const sql = `
      SELECT id, owner_id AS "ownerId", object_key AS "objectKey", content_type AS "contentType", bytes, sha256
      FROM images WHERE id = $1`;
    const [row] = await this.#database.query<{ [K in keyof Image]: Image[K] }>(sql, [id]);
    return row ?? null;
  }
}
