/** An IPv4 or IPv6 literal, without brackets and in its shortest form, and a port. */
export interface HostPort {
  readonly hostname: string;
  readonly port: number;
}

/** As `HOST:PORT`, with brackets about an IPv6 address. */
export function formatHostPort({ hostname, port }: HostPort): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
