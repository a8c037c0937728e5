/** The schema, as steps that are never edited once released: a change is a new step. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  {
    name: "001-users-images-jobs",
    sql: `
      CREATE TABLE users (
        id uuid PRIMARY KEY,
        email text NOT NULL UNIQUE,
        password_hash text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE images (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES users (id),
        object_key text NOT NULL UNIQUE,
        content_type text NOT NULL,
        bytes integer,
        sha256 text,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX images_by_owner ON images (owner_id, created_at);
      CREATE TABLE jobs (
        image_id uuid PRIMARY KEY REFERENCES images (id),
        tries integer NOT NULL DEFAULT 0,
        run_after timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX jobs_by_due ON jobs (run_after);
    `,
  },
];
