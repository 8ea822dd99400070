// The viewer's time zone, for a server that groups chats and charts by the viewer's days. Knows no page.

export function tellZone() {
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone);
  document.cookie = `tz=${zone}; Path=/; SameSite=Lax; Max-Age=31536000`;
}
