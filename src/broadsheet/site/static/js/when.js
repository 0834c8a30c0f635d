// Says "3 hours ago" where a moment is less than a day old. Pages are stored, so the server can only name the day.
const minute = 60_000;
const wording = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const age = Date.now() - Date.parse(time.dateTime);
  if (!time.dateTime.includes("T") || !(age >= 0 && age < 24 * 60 * minute)) continue;
  time.title = time.textContent;
  const minutes = Math.max(1, Math.round(age / minute)); // none would be "this minute", which does not say of what
  const words = minutes < 60 ? wording.format(-minutes, "minute") : wording.format(-Math.round(minutes / 60), "hour");
  time.textContent = words.replace(/ \(\d+\)$/, ""); // Hebrew's "two hours ago (2)" has said it in words
}
