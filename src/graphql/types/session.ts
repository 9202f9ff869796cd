import { forbidden } from '#domain/errors.js';
import { hasRole, parseRoles, type Role, type StartedSession, type Viewer } from '#domain/viewer.js';
import type { Builder } from '#graphql/builder.js';

/** Adds the viewer of an operation, and starting and ending sessions. */
export function addSession(builder: Builder): void {
  const { limits, rules } = builder;

  const RoleType = builder.enumType('Role', {
    description: 'A permission level of a viewer.',
    values: {
      VIEWER: { value: 'viewer', description: 'May read and write. Every viewer has this role.' },
      MODERATOR: {
        value: 'moderator',
        description: 'Keeps order in rooms, and is exempt from slow mode.',
      },
      SERVICE: {
        value: 'service',
        description: 'The platform itself, which is exempt from all sending limits.',
      },
    } satisfies Record<Uppercase<Role>, { value: Role; description: string }>,
  });

  const ViewerType = builder.objectRef<Viewer>('Viewer').implement({
    description: 'A signed-in user, identified by a session or a platform token.',
    fields: (t) => ({
      user: t.expose('user', { type: 'User', description: 'The author of messages that the viewer sends.' }),
      roles: t.field({
        type: [RoleType],
        description: 'The roles of the viewer.',
        resolve: ({ roles }) => [...roles],
      }),
    }),
  });

  const SessionType = builder.objectRef<StartedSession>('Session').implement({
    description: 'A new session.',
    fields: (t) => ({
      token: t.exposeString('token', {
        description:
          'The secret token of the session, which is returned only once. Send it as `Authorization: Bearer <token>`, or in the payload of connection_init: `{ "authorization": "Bearer <token>" }`.',
      }),
      user: t.expose('user', {
        type: 'User',
        description: 'The user of the session. The id stays the same until the session ends.',
      }),
    }),
  });

  builder.queryField('viewer', (t) =>
    t.field({
      type: ViewerType,
      nullable: true,
      description: 'The signed-in user of this operation; null for a guest.',
      resolve: (_root, _args, { viewer }) => viewer,
    }),
  );

  builder.mutationFields((t) => ({
    startSession: t.field({
      type: SessionType,
      description:
        'Starts a session for a new user with this name. It lasts until it is ended or has been unused for some time. Refused with BAD_USER_INPUT, with RATE_LIMITED (wait `retryAfterMs`), or with FORBIDDEN if only the platform may sign users in.',
      args: {
        name: t.arg.string({
          required: true,
          description: `The display name: 1 to ${limits.nameLength} characters, without control characters, invisible characters or characters that change the direction of text. At its ends, white space and the latter two are trimmed. Other values are refused with BAD_USER_INPUT.`,
          validate: rules.name,
        }),
        roles: t.arg({
          type: [RoleType],
          description:
            'Additional roles of the user. Only the platform (role SERVICE) may set them; others get FORBIDDEN.',
        }),
      },
      resolve: async (_root, { name, roles }, { viewer, sessions, limiter, address, openSessions }) => {
        if (!hasRole(viewer, 'service')) {
          if (!openSessions) throw forbidden('Sign in through the platform.');
          if (roles != null) throw forbidden('Only the platform can assign roles.');
          await limiter.take('sessions', address);
        }
        return sessions.start(name, parseRoles(roles));
      },
    }),
    endSession: t.boolean({
      description:
        'Ends the session of this call. Within seconds, its WebSockets are closed with 4401 and its event streams end with UNAUTHENTICATED, on all servers. Returns whether a session ended: false for a guest, and for a platform token, which expires on its own.',
      resolve: (_root, _args, { viewer, sessions }) =>
        viewer?.sessionId === undefined ? false : sessions.end(viewer.sessionId),
    }),
  }));
}
