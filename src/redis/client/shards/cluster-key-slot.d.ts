declare module 'cluster-key-slot' {
  /** The slot of a key, from 0 to 16383. Follows hash tags. */
  export default function calculateSlot(key: string): number;
}
