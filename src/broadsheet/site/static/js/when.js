// Says "3 hours ago" where a moment is less than a day old. Pages are stored, so the server can only name the day.
const minute = 60_000;
const wording = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const age = Date.now() - Date.parse(time.dateTime);
  if (!time.dateTime.includes("T") || !(age >= 0 && age < 24 * 60 * minute)) continue;
  time.title = time.textContent;
  const words =
    age < 60 * minute ? wording.format(-Math.round(age / minute), "minute") : wording.format(-Math.round(age / (60 * minute)), "hour");
  time.textContent = words.replace(/ \(\d+\)$/, ""); // Hebrew's "two hours ago (2)" has said it in words
}
