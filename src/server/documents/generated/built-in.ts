/* The documents of the page and the client package. Written by `npm run generate`. */
export const BUILT_IN_DOCUMENTS: readonly string[] = [
  "mutation SendMessage($input:SendMessageInput!){sendMessage(input:$input){id author{id name __typename}content nonce createdAt __typename}}",
  "mutation($input:SendMessageInput!){sendMessage(input:$input){id roomId author{id name}content createdAt}}",
  "query History($roomId:ID!$first:Int$after:String$last:Int$before:String){messages(roomId:$roomId first:$first after:$after last:$last before:$before){nodes{id author{id name __typename}content nonce createdAt __typename}pageInfo{hasPreviousPage hasNextPage __typename}__typename}}",
  "query RoomHead($roomId:ID!){messages(roomId:$roomId last:1){nodes{id}pageInfo{endCursor}}}",
  "query Rooms{activeRooms(limit:50){id connectionCount lastMessage{author{name __typename}content __typename}__typename}}",
  "subscription MessageAdded($roomId:ID!$after:ID$last:Int){messageAdded(roomId:$roomId after:$after last:$last){id author{id name __typename}content nonce createdAt __typename}}",
  "subscription RoomUpdated($roomId:ID!){roomUpdated(roomId:$roomId){id connectionCount slowModeSeconds lastMessage{author{name __typename}content __typename}__typename}}",
  "subscription ServerStats{serverStats{at viewers rooms messagesPerSecond deliveriesPerSecond delayMs{median p99 __typename}__typename}}",
  "subscription($roomId:ID!$after:ID$last:Int){messageAdded(roomId:$roomId after:$after last:$last){id roomId author{id name}content createdAt}}",
  "subscription($roomId:ID!$after:ID$last:Int){roomEvents(roomId:$roomId after:$after last:$last){__typename cursor at roomId ...on MessageSent{message{id roomId author{id name}content createdAt}}...on MessagesRetracted{messageIds author}}}"
];
