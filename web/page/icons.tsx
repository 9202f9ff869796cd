const line = {
  viewBox: '0 0 20 20',
  width: 20,
  height: 20,
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 1.7,
  strokeLinecap: 'round',
  strokeLinejoin: 'round',
} as const;

export const MenuIcon = () => (
  <svg aria-hidden="true" {...line}>
    <path d="M3 5.5h14M3 10h14M3 14.5h9" />
  </svg>
);

export const CloseIcon = () => (
  <svg aria-hidden="true" {...line}>
    <path d="M5 5l10 10M15 5L5 15" />
  </svg>
);

export const SendIcon = () => (
  <svg aria-hidden="true" {...line}>
    <path d="M10 16V4.5M5 9.2l5-4.9 5 4.9" />
  </svg>
);

export const DownIcon = () => (
  <svg aria-hidden="true" {...line} width={16} height={16}>
    <path d="M10 4v11.5M5 11l5 4.7 5-4.7" />
  </svg>
);

export const ViewerIcon = () => (
  <svg aria-hidden="true" {...line} width={14} height={14}>
    <circle cx="10" cy="6.5" r="3.2" />
    <path d="M3.8 17c.5-3.6 3-5.4 6.2-5.4s5.7 1.8 6.2 5.4" />
  </svg>
);
