// What the gateway does without a configuration, in the configuration's own language, so that it
// can be read, explained and copied like any other. Callers bring their own keys.

/** Where the two providers are; the variables let tests and company relays stand in. */
export const builtInUpstreams = `upstreams:
  anthropic:
    dialect: anthropic
    profile: llm-hosted
    endpoints: ["\${HOLDFAST_ANTHROPIC_URL:-https://api.anthropic.com}"]
    credentials: passthrough
  openai:
    dialect: openai
    profile: llm-hosted
    endpoints: ["\${HOLDFAST_OPENAI_URL:-https://api.openai.com}"]
    credentials: passthrough
`;

/** Which calls go to which of them. Paths both share are told apart by Anthropic's headers. */
export const builtInRoutes = `routes:
  - name: models-offline
    match: { method: GET, path: /v1/models/**, header: { authorization: false, x-api-key: false } }
    upstreams: [simulator]
  - name: messages
    match: { path: /v1/messages/** }
    upstreams: [anthropic]
  - name: chat-completions
    match: { path: /v1/chat/completions/** }
    upstreams: [openai]
  - name: responses
    match: { path: /v1/responses/** }
    upstreams: [openai]
  - name: embeddings
    match: { path: /v1/embeddings }
    upstreams: [openai]
  - name: anthropic-by-version
    match: { path: /v1/**, header: { anthropic-version: true } }
    upstreams: [anthropic]
  - name: anthropic-by-key
    match: { path: /v1/**, header: { x-api-key: true } }
    upstreams: [anthropic]
  - name: openai
    match: { path: /v1/** }
    upstreams: [openai]
`;

/** Name of the upstream that is part of the gateway. */
export const SIMULATOR = 'simulator';

/** The models it answers, ahead of all routes, while \`simulator\` is on. */
export const SIMULATOR_MODELS = 'sim-*';
