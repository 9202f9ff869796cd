/** Prints the figures of constants.ts that this repository's bench does not measure. Takes about three minutes. */
import { measureActiveRooms } from './measure-active-rooms.js';
import { measureNode } from './measure-node.js';
import { measureRedis } from './measure-redis.js';

const figures = { ...(await measureRedis()), ...(await measureActiveRooms()), ...(await measureNode()) };
for (const [what, value] of Object.entries(figures)) console.log(`${what.padEnd(52)} ${value.toFixed(2)}`);
