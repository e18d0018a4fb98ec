// How a token endpoint is asked. The gateway brings the real one, over HTTP; here it is a value, so
// that renewals can be played on virtual time.

/** One answer of the endpoint. */
export interface EndpointAnswer {
  readonly status: number;
  /** Fields by lower-case name; `date` and `retry-after` are read. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** The endpoint. */
export interface TokenEndpoint {
  /**
   * Posts the form, URL-encoded. Rejects where no whole answer came within its own time limit;
   * follows no redirection, since it carries secrets.
   */
  post(
    url: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ): Promise<EndpointAnswer>;
}
