// The difference of two texts, line by line: the longest common subsequence, after what is equal at both ends is set aside.

// compare returns lines {sign: " ", "-" or "+", text}.
export function compare(before, after) {
  const a = before ? before.trimEnd().split("\n") : [], b = after ? after.trimEnd().split("\n") : [];
  let start = 0, endA = a.length, endB = b.length;
  while (start < endA && start < endB && a[start] === b[start]) start++;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) endA--, endB--;
  const n = endA - start, m = endB - start;
  const common = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1)); // of what is left from i and j on
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      common[i][j] = a[start + i] === b[start + j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const lines = a.slice(0, start).map((text) => ({ sign: " ", text }));
  for (let i = 0, j = 0; i < n || j < m; ) {
    if (i < n && j < m && a[start + i] === b[start + j]) {
      lines.push({ sign: " ", text: a[start + i] });
      i++, j++;
    } else if (j === m || (i < n && common[i + 1][j] >= common[i][j + 1])) {
      lines.push({ sign: "-", text: a[start + i++] });
    } else {
      lines.push({ sign: "+", text: b[start + j++] });
    }
  }
  return [...lines, ...a.slice(endA).map((text) => ({ sign: " ", text }))];
}

// around keeps the changes and a few lines about them.
export function around(lines, few = 3) {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - few), i + few + 1).some(({ sign }) => sign !== " "));
  const out = [];
  lines.forEach((line, i) => {
    if (near[i]) out.push(line);
    else if (i > 0 && near[i - 1]) out.push({ sign: "@", text: "…" });
  });
  return out;
}
