// Who may call the simulated instance: users with passwords, OAuth clients, and the tokens that
// these were given. Source: ServiceNow reference, section 4. Bounded: tokens that are over are
// forgotten, and a client and user have one at a time.

import { Buffer } from 'node:buffer';
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { randomId } from '../random-id.ts';
import { documentAnswer, refusal } from './answer.ts';
import type { Answer } from './answer.ts';

/** Users, clients and how long tokens last. */
export interface AccountOptions {
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string>>;
  /** Secrets by client id. */
  readonly clients: Readonly<Record<string, string>>;
  /** The user that `client_credentials` stand for; `undefined` = that grant is off. */
  readonly clientUser: string | undefined;
  readonly accessTokenMs: number;
  readonly refreshTokenMs: number;
}

interface Token {
  readonly text: string;
  readonly user: string;
  readonly client: string;
  readonly endsAt: number;
}

/** Refused without a word about why, as the platform does. */
export const notAuthenticated: Answer = refusal(
  401,
  'User Not Authenticated',
  'Required to provide Auth information',
  { 'WWW-Authenticate': 'BASIC realm="Service-now"' },
);

/** The accounts of one instance. */
export class Accounts {
  /** Access tokens made so far: what is asked for again while it lives is not made again. */
  issued: number = 0;
  readonly #options: AccountOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #access = new Map<string, Token>();
  readonly #refresh = new Map<string, Token>();

  constructor(options: AccountOptions, clock: Clock, random: Random) {
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
  }

  /** The user behind an `Authorization` field, or `undefined`. */
  userOf(authorization: string | undefined): string | undefined {
    const [scheme = '', value = ''] = (authorization ?? '').split(' ');
    if (/^basic$/i.test(scheme)) return this.#basicUser(value);
    if (!/^bearer$/i.test(scheme)) return undefined;
    return [...this.#living(this.#access)].find(({ text }) => text === value)?.user;
  }

  /** Answers a request to `/oauth_token.do`. */
  token(contentType: string, body: string): Answer {
    // JSON is not understood, and the answer does not say so.
    const form = new URLSearchParams(/urlencoded/i.test(contentType) ? body : '');
    const client = form.get('client_id') ?? '';
    const { clients } = this.#options;
    const isKnown = Object.hasOwn(clients, client) && clients[client] === form.get('client_secret');
    if (!isKnown) return tokenRefusal(401, 'invalid_client');
    switch (form.get('grant_type')) {
      case 'password': {
        const user = this.#userWith(form.get('username') ?? '', form.get('password') ?? '');
        return user === undefined ? tokenRefusal(401, 'access_denied') : this.#grant(client, user);
      }
      case 'refresh_token': {
        const text = form.get('refresh_token');
        const known = [...this.#living(this.#refresh)].find((token) => token.text === text);
        if (known?.client !== client) return tokenRefusal(401, 'invalid_grant');
        return this.#grant(client, known.user);
      }
      case 'client_credentials': {
        const { clientUser } = this.#options;
        if (clientUser === undefined) return tokenRefusal(401, 'access_denied');
        return this.#grant(client, clientUser);
      }
      default:
        return tokenRefusal(400, 'invalid_request');
    }
  }

  /** Makes all access tokens worthless, as when an administrator revokes them. */
  revoke(): void {
    this.#access.clear();
  }

  #grant(client: string, user: string): Answer {
    const { accessTokenMs, refreshTokenMs } = this.#options;
    const access = this.#tokenFor(this.#access, client, user, accessTokenMs);
    const refresh = this.#tokenFor(this.#refresh, client, user, refreshTokenMs);
    return documentAnswer(200, {
      access_token: access.text,
      refresh_token: refresh.text,
      scope: 'useraccount',
      token_type: 'Bearer',
      expires_in: Math.floor((access.endsAt - this.#clock.now()) / 1_000),
    });
  }

  /** The living token of this client and user, else a new one. */
  #tokenFor(among: Map<string, Token>, client: string, user: string, lifeMs: number): Token {
    const key = `${client} ${user}`;
    const known = [...this.#living(among)].find((token) => `${token.client} ${token.user}` === key);
    if (known !== undefined) return known;
    const endsAt = this.#clock.now() + lifeMs;
    const made = { text: randomId(this.#random, 86), user, client, endsAt };
    among.set(key, made);
    if (among === this.#access) this.issued += 1;
    return made;
  }

  *#living(among: Map<string, Token>): Generator<Token> {
    const now = this.#clock.now();
    for (const [key, token] of among) {
      if (token.endsAt > now) yield token;
      else among.delete(key);
    }
  }

  #basicUser(encoded: string): string | undefined {
    const [user = '', ...password] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
    return this.#userWith(user, password.join(':'));
  }

  #userWith(user: string, password: string): string | undefined {
    const { users } = this.#options;
    return Object.hasOwn(users, user) && users[user] === password ? user : undefined;
  }
}

function tokenRefusal(status: number, error: string): Answer {
  return documentAnswer(status, { error, error_description: 'access_denied' });
}
