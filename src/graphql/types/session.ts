import { forbidden } from '#domain/errors.js';
import { hasRole, ROLES, type Role, type StartedSession, type Viewer } from '#domain/viewer.js';
import type { Builder } from '#graphql/builder.js';

/** Who is calling: finding that out, and starting and ending sessions. */
export function addSession(builder: Builder): void {
  const { limits, rules } = builder;

  const RoleType = builder.enumType('Role', {
    description: 'What someone may do besides reading and writing.',
    values: {
      VIEWER: { value: 'viewer', description: 'Reads and writes: every viewer has this one.' },
      MODERATOR: {
        value: 'moderator',
        description: 'Keeps order in rooms; slow mode does not hold them back.',
      },
      SERVICE: { value: 'service', description: 'The platform itself; no limit on sending holds it back.' },
    } satisfies Record<Uppercase<Role>, { value: Role; description: string }>,
  });

  const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
    description: 'Someone who has shown who they are, by a session or by a token of the platform.',
    fields: (t) => ({
      user: t.expose('user', { type: 'User', description: 'Who they are: the author of what they send.' }),
      roles: t.field({
        type: [RoleType],
        description: 'What they may do.',
        resolve: ({ roles }) => [...roles],
      }),
    }),
  });

  const SessionType = builder.objectRef<StartedSession>('Session').implement({
    description: 'A session that has just begun.',
    fields: (t) => ({
      token: t.exposeString('token', {
        description:
          'What shows that the session is yours. Keep it to yourself: it is given once. Send it as `Authorization: Bearer <token>`, or in the payload of connection_init: `{ "authorization": "Bearer <token>" }`.',
      }),
      user: t.expose('user', {
        type: 'User',
        description: 'Who you are in it: the same id for as long as it lasts.',
      }),
    }),
  });

  builder.queryField('viewer', (t) =>
    t.field({
      type: ViewerType,
      nullable: true,
      description: 'Who is calling; null for a guest.',
      resolve: (_root, _args, { viewer }) => viewer,
    }),
  );

  builder.mutationFields((t) => ({
    startSession: t.field({
      type: SessionType,
      description:
        'Starts a session for a new user of this name. It lasts until it is ended, or has not been used for some time. Refused with BAD_USER_INPUT, RATE_LIMITED (wait `retryAfterMs`), or FORBIDDEN where only the platform signs users in.',
      args: {
        name: t.arg.string({
          required: true,
          description: `The display name: 1 to ${limits.nameLength} characters after white space at both ends is taken off, without control characters, invisible characters or characters that change the direction of text. Anything else is refused with BAD_USER_INPUT.`,
          validate: rules.name,
        }),
        roles: t.arg({
          type: [RoleType],
          description: 'What the user may do, as the platform says: FORBIDDEN to all but the role SERVICE.',
        }),
      },
      resolve: async (
        _root,
        { name, roles: asked },
        { viewer, sessions, limiter, address, openSessions },
      ) => {
        const isPlatform = hasRole(viewer, 'service');
        if (!isPlatform && !openSessions) throw forbidden('Sign in with the platform: it knows who you are.');
        if (!isPlatform && asked != null) throw forbidden('Only the platform gives roles.');
        if (!isPlatform) await limiter.take('sessions', address);
        const roles = ROLES.filter((role) => role === 'viewer' || asked?.includes(role));
        return sessions.start(name, roles);
      },
    }),
    endSession: t.boolean({
      description:
        'Ends the session that this call is made in, everywhere: its WebSockets are closed with 4401, its event streams end with UNAUTHENTICATED, within seconds. True where there was one; false for a guest, and for a token of the platform, which ends by itself.',
      resolve: (_root, _args, { viewer, sessions }) =>
        viewer?.sessionId === undefined ? false : sessions.end(viewer.sessionId),
    }),
  }));
}
