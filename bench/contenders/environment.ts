/** Where a contender listens, and the Redis that its two processes share. */
export interface Environment {
  readonly host: string;
  readonly port: number;
  readonly redisUrl: string;
}

/** Reads HOST, PORT and REDIS_URL. Throws an error that names the missing variable. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const read = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`${name} is not set.`);
    return value;
  };
  return { host: read('HOST'), port: Number(read('PORT')), redisUrl: read('REDIS_URL') };
}

/** HTTP path that answers 200 when the contender accepts clients. */
export const readyPath = '/health/ready';
