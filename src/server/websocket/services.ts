import type { AnswerLimit } from '#server/guards/answer-limit.js';
import type { OperationCosts } from '#server/guards/operation-costs.js';
import type { UnreadBytes } from '#server/guards/unread-bytes.js';
import type { OpenAnswerLimits } from '#server/http/open-answers.js';
import type { SessionWatch } from '#server/operation/session-watch.js';
import type { InitTimeout } from './init-timeout.js';
import type { OperationServices } from './operation.js';

/** Services that all connections share. */
export interface ConnectionServices extends OperationServices {
  readonly initTimeout: InitTimeout;
  /** Closes connections when the viewer's session or token ends. */
  readonly sessionWatch: SessionWatch;
  /** What one connection may have under way and unread. */
  readonly openAnswers: OpenAnswerLimits;
  /** What one address, and all of them, may have under way. */
  readonly answerLimit: AnswerLimit;
  /** Charges messages to the budget of their address. */
  readonly costs: OperationCosts;
  /** What one address, and all of them, may leave unread. */
  readonly unreadBytes: UnreadBytes;
}
