import { ApolloProvider } from '@apollo/client/react';
import { createRoot } from 'react-dom/client';
import { App } from './App.js';
import { createChatClient } from './chat-client.js';
import './styles/theme.css';
import './styles/layout.css';
import './styles/room.css';
import './styles/stats.css';

const client = createChatClient();

createRoot(document.getElementById('root')!).render(
  <ApolloProvider client={client.apollo}>
    <App client={client} />
  </ApolloProvider>,
);
