// How long X takes a text to be: the browser's twin of the server's weighted count.
// Needs the tables of counting-tables.js. Gives window.nagarvaniCount(text).
(function () {
  "use strict";

  var tables = window.nagarvaniCountingTables;
  var endings = new Set(tables.endings.split(" "));
  var longestEnding = Math.max.apply(null, Array.from(endings, function (e) { return points(e).length; }));
  var emoji = readEmoji(tables.emoji.split(" "));

  function points(text) {
    return Array.from(text);
  }

  function pattern(name, flags) {
    return new RegExp(tables.sources[name], "u" + flags);
  }

  var RUN = pattern("run", "g");
  var PLAIN_RUN = pattern("plain_run", "g");
  var PROTOCOL = pattern("protocol", "");
  var NOT_BEFORE = new RegExp("^" + tables.sources.not_before, "u");
  var NOT_BEFORE_BARE = new RegExp("^" + tables.sources.not_before_bare, "u");
  var NOT_AFTER = new RegExp("^" + tables.sources.not_after, "u");
  var PUNYCODE = pattern("punycode", "y");
  var PORT = pattern("port", "y");
  var PATH = pattern("path", "y");
  var QUERY = pattern("query", "y");

  // One letter of the table stands for five skin tones: T for any, U for another than T.
  function unfold(written) {
    var place = written.search(/[TU]/);
    if (place < 0) { return [written]; }
    var another = written.includes("U");
    return tables.tones.flatMap(function (tone) {
      var rest = written.slice(place + 1).replace(another ? "U" : "T", "V");
      return (rest.includes("V") ? tables.tones : [""])
        .filter(function (other) { return !another || other !== tone; })
        .map(function (other) { return written.slice(0, place) + tone + rest.replace("V", other); });
    });
  }

  function readEmoji(patterns) {
    var sequences = new Set(patterns.flatMap(unfold));
    var lengths = new Map();
    sequences.forEach(function (sequence) {
      var known = points(sequence);
      if (!lengths.has(known[0])) { lengths.set(known[0], new Set()); }
      lengths.get(known[0]).add(known.length);
    });
    lengths.forEach(function (known, first) {
      lengths.set(first, Array.from(known).sort(function (a, b) { return b - a; }));
    });
    return { sequences: sequences, lengths: lengths };
  }

  // A code point that begins at this place, as a string; empty at the end.
  function pointAt(text, place) {
    return place < text.length ? String.fromCodePoint(text.codePointAt(place)) : "";
  }

  function pointBefore(text, place) {
    var low = text.charCodeAt(place - 1);
    var high = place > 1 ? text.charCodeAt(place - 2) : 0;
    var isPair = low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff;
    return text.slice(place - (isPair ? 2 : 1), place);
  }

  function matchAt(expression, text, place) {
    expression.lastIndex = place;
    var found = expression.exec(text);
    return found ? found[0] : null;
  }

  function protocolStart(text, start, free) {
    if (text.slice(Math.max(0, start - 3), start) !== "://") { return null; }
    var from = Math.max(0, start - 8);
    var found = PROTOCOL.exec(text.slice(from, start));
    if (!found) { return null; }
    var place = from + found.index;
    if (place === 0) { return 0; }
    return place > free && !NOT_BEFORE.test(pointBefore(text, place)) ? place : null;
  }

  function mayStandBare(text, start) {
    if (start === 0) { return true; }
    var before = pointBefore(text, start);
    return !NOT_BEFORE.test(before) && !NOT_BEFORE_BARE.test(before);
  }

  function endingEnd(text, start, end) {
    var punycode = matchAt(PUNYCODE, text.slice(0, end), start);
    if (punycode) { return start + punycode.length; }
    var places = [];
    for (var at = start; at < end && places.length < longestEnding;) {
      at += pointAt(text, at).length;
      places.push(at);
    }
    for (var i = places.length - 1; i >= 0; i -= 1) {
      var place = places[i];
      if (endings.has(text.slice(start, place).toLowerCase()) && !NOT_AFTER.test(pointAt(text, place))) {
        return place;
      }
    }
    return null;
  }

  function isJoiner(unit) {
    return unit === "-" || unit === "_";
  }

  function dotAfter(text, place, end) {
    var dot = text.indexOf(".", place);
    return dot >= 0 && dot < end ? dot : -1;
  }

  function hostEnd(text, start, end) {
    var best = null;
    var label = start;
    for (var dot = dotAfter(text, label, end); dot > label; dot = dotAfter(text, label, end)) {
      if (isJoiner(text[label]) || isJoiner(text[dot - 1])) { break; }
      if (!text.slice(label, dot).includes("_")) { best = endingEnd(text, dot + 1, end) || best; }
      label = dot + 1;
    }
    return best;
  }

  function trimmed(text, trim) {
    var end = text.length;
    while (end > 0 && trim.includes(text[end - 1])) { end -= 1; }
    return end;
  }

  function tailEnd(text, place) {
    place += (matchAt(PORT, text, place) || "").length;
    var path = matchAt(PATH, text, place);
    if (path !== null) {
      var kept = trimmed(path, tables.sources.path_trim);
      place += kept;
      if (kept < path.length) { return { end: place, hasPath: true }; }
    }
    var query = matchAt(QUERY, text, place) || "";
    return { end: place + trimmed(query, tables.sources.query_trim), hasPath: path !== null };
  }

  // The length of a label's punycode (RFC 3492), without writing it out.
  function punycodeLength(label) {
    var rest = points(label).map(function (p) { return p.codePointAt(0); });
    var basic = rest.filter(function (p) { return p < 128; }).length;
    var written = basic + (basic > 0 ? 1 : 0);
    var handled = basic, n = 128, delta = 0, bias = 72, first = true;
    while (handled < rest.length) {
      var next = Math.min.apply(null, rest.filter(function (p) { return p >= n; }));
      delta += (next - n) * (handled + 1);
      n = next;
      for (var i = 0; i < rest.length; i += 1) {
        if (rest[i] < n) { delta += 1; }
        if (rest[i] === n) {
          written += digits(delta, bias);
          bias = adapted(delta, handled + 1, first);
          first = false;
          delta = 0;
          handled += 1;
        }
      }
      delta += 1;
      n += 1;
    }
    return written;
  }

  function digits(delta, bias) {
    var many = 1;
    for (var k = 36; ; k += 36) {
      var threshold = Math.min(26, Math.max(1, k - bias));
      if (delta < threshold) { return many; }
      delta = Math.floor((delta - threshold) / (36 - threshold));
      many += 1;
    }
  }

  function adapted(delta, handled, first) {
    delta = first ? Math.floor(delta / 700) : Math.floor(delta / 2);
    delta += Math.floor(delta / handled);
    var k = 0;
    for (; delta > 455; k += 36) { delta = Math.floor(delta / 35); }
    return k + Math.floor((36 * delta) / (delta + 38));
  }

  function asciiLength(label) {
    var length = points(label).length;
    var isAscii = !/[^\u0000-\u007f]/u.test(label);
    return isAscii || length > tables.longestLabel ? length : 4 + punycodeLength(label);
  }

  function shortEnough(text, start, end, whole, withProtocol) {
    var lengths = text.slice(start, end).split(".").map(asciiLength);
    var longer = lengths.reduce(function (sum, l) { return sum + l + 1; }, -1) - points(text.slice(start, end)).length;
    var length = points(text.slice(whole.start, whole.end)).length + longer + (withProtocol ? 0 : 8);
    return lengths.every(function (l) { return l <= tables.longestLabel; }) && length <= tables.longestAddress;
  }

  function plainHost(text, start, end) {
    var best = null;
    var first = start;
    var label = start;
    for (var dot = dotAfter(text, label, end); dot >= 0; dot = dotAfter(text, label, end)) {
      var place = dot === label ? null : endingEnd(text, dot + 1, end);
      if (dot === label) { first = dot + 1; }
      if (place !== null) { best = { start: first, end: place }; }
      label = dot + 1;
    }
    return best;
  }

  // A bare host counts only as far as it is written in Latin letters; a path joins the last.
  function plainHosts(text, start, end, tail) {
    var found = [];
    var host = text.slice(0, end);
    PLAIN_RUN.lastIndex = start;
    for (var run = PLAIN_RUN.exec(host); run; run = PLAIN_RUN.exec(host)) {
      var span = plainHost(text, run.index, run.index + run[0].length);
      if (span) { found.push(span); }
    }
    if (found.length && tail.hasPath) { found[found.length - 1].end = tail.end; }
    return found;
  }

  function inRun(text, start, end, free) {
    var nothing = { spans: [], free: free };
    var protocol = protocolStart(text, start, free);
    if (protocol === null) {
      if (free >= start) { start = free + pointAt(text, free).length; }
      if (!mayStandBare(text, start)) { return nothing; }
    }
    var host = hostEnd(text, start, end);
    if (host === null) { return nothing; }
    var tail = tailEnd(text, host);
    var whole = { start: protocol === null ? start : protocol, end: tail.end };
    if (!shortEnough(text, start, host, whole, protocol !== null)) { return { spans: [], free: tail.end }; }
    return { spans: protocol !== null ? [whole] : plainHosts(text, start, host, tail), free: tail.end };
  }

  function addressSpans(text) {
    var found = [];
    var free = -1;
    RUN.lastIndex = 0;
    for (var run = RUN.exec(text); run; run = RUN.exec(text)) {
      var end = run.index + run[0].length;
      if (end > free && run[0].includes(".")) {
        var next = inRun(text, run.index, end, free);
        Array.prototype.push.apply(found, next.spans);
        free = next.free;
      }
    }
    return found;
  }

  function emojiAt(text, place) {
    var first = pointAt(text, place);
    var known = emoji.lengths.get(first);
    if (!known) { return ""; }
    var ends = [place];
    for (var at = place; at < text.length && ends.length <= known[0];) {
      at += pointAt(text, at).length;
      ends.push(at);
    }
    for (var i = 0; i < known.length; i += 1) {
      var end = ends[known[i]];
      if (end && emoji.sequences.has(text.slice(place, end)) && text[end] !== tables.textStyle) {
        return text.slice(place, end);
      }
    }
    return "";
  }

  function weight(point) {
    var isLight = tables.light.some(function (range) { return range[0] <= point && point <= range[1]; });
    return isLight ? 1 : tables.heavy;
  }

  window.nagarvaniCount = function (text) {
    var composed = text.normalize("NFC");
    var spans = addressSpans(composed);
    var weighted = 0, fitting = 0, next = 0, hasInvalid = false, fits = true;
    for (var place = 0; place < composed.length;) {
      var part, heavy;
      if (next < spans.length && spans[next].start === place) {
        part = composed.slice(place, spans[next].end);
        heavy = tables.addressWeight;
        next += 1;
      } else {
        part = emojiAt(composed, place);
        heavy = part ? tables.heavy : weight(composed.codePointAt(place));
        part = part || pointAt(composed, place);
      }
      weighted += heavy;
      place += part.length;
      var refused = tables.never.includes(part);
      hasInvalid = hasInvalid || refused;
      fits = fits && weighted <= tables.limit && !refused;
      if (fits) { fitting = place; }
    }
    if (fitting > 0) { fitting = Math.max(0, fitting + text.length - composed.length); }
    return {
      weighted: weighted,
      limit: tables.limit,
      remaining: tables.limit - weighted,
      fits: fitting,
      valid: weighted > 0 && weighted <= tables.limit && !hasInvalid
    };
  };
}());
