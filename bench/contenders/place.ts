/** Where a contender's process listens, and the Redis that it shares with its second process. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly redisUrl: string;
}

/** Reads HOST, PORT and REDIS_URL; an error names the variable that is missing. */
export function placeFromEnv(env: NodeJS.ProcessEnv): Place {
  const read = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`${name} is not set.`);
    return value;
  };
  return { host: read('HOST'), port: Number(read('PORT')), redisUrl: read('REDIS_URL') };
}

/** The path that answers 200 once a contender accepts clients. */
export const readyPath = '/health/ready';
