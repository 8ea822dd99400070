// The last conversations looked at: shown at once when they are opened again, then made true. It draws nothing.

const KEEP = 8;

export class RecentChats extends Map {
  keep(conversation) {
    this.delete(conversation.id);
    this.set(conversation.id, conversation);
    if (this.size > KEEP) this.delete(this.keys().next().value);
  }

  owning(messageId) {
    return [...this.values()].find((conversation) => conversation.owns(messageId));
  }
}
