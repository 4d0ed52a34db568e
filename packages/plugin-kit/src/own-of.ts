/** What a record holds under a name, and never a member that every object has: names such as `constructor` are people's to give. */
export const ownOf = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;
