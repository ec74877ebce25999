// window.nagarvaniCount(text) returns the weighted length of a text on X, as the server counts it.
// It needs the tables of counting-tables.js.
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

  // A letter of the table stands for the five skin tones: T for any tone, U for a tone other than T.
  function unfold(template) {
    var index = template.search(/[TU]/);
    if (index < 0) { return [template]; }
    var needsOtherTone = template.includes("U");
    return tables.tones.flatMap(function (tone) {
      var rest = template.slice(index + 1).replace(needsOtherTone ? "U" : "T", "V");
      return (rest.includes("V") ? tables.tones : [""])
        .filter(function (other) { return !needsOtherTone || other !== tone; })
        .map(function (other) { return template.slice(0, index) + tone + rest.replace("V", other); });
    });
  }

  function readEmoji(patterns) {
    var sequences = new Set(patterns.flatMap(unfold));
    var lengths = new Map();
    sequences.forEach(function (sequence) {
      var codePoints = points(sequence);
      if (!lengths.has(codePoints[0])) { lengths.set(codePoints[0], new Set()); }
      lengths.get(codePoints[0]).add(codePoints.length);
    });
    lengths.forEach(function (lengthSet, first) {
      lengths.set(first, Array.from(lengthSet).sort(function (a, b) { return b - a; }));
    });
    return { sequences: sequences, lengths: lengths };
  }

  // Returns the code point that begins at this index as a string, or an empty string at the end.
  function pointAt(text, index) {
    return index < text.length ? String.fromCodePoint(text.codePointAt(index)) : "";
  }

  function pointBefore(text, index) {
    var low = text.charCodeAt(index - 1);
    var high = index > 1 ? text.charCodeAt(index - 2) : 0;
    var isPair = low >= 0xdc00 && low <= 0xdfff && high >= 0xd800 && high <= 0xdbff;
    return text.slice(index - (isPair ? 2 : 1), index);
  }

  function matchAt(expression, text, index) {
    expression.lastIndex = index;
    var match = expression.exec(text);
    return match ? match[0] : null;
  }

  function protocolStart(text, start, lastEnd) {
    if (text.slice(Math.max(0, start - 3), start) !== "://") { return null; }
    var from = Math.max(0, start - 8);
    var match = PROTOCOL.exec(text.slice(from, start));
    if (!match) { return null; }
    var index = from + match.index;
    if (index === 0) { return 0; }
    return index > lastEnd && !NOT_BEFORE.test(pointBefore(text, index)) ? index : null;
  }

  function mayStandBare(text, start) {
    if (start === 0) { return true; }
    var before = pointBefore(text, start);
    return !NOT_BEFORE.test(before) && !NOT_BEFORE_BARE.test(before);
  }

  function endingEnd(text, start, end) {
    var punycode = matchAt(PUNYCODE, text.slice(0, end), start);
    if (punycode) { return start + punycode.length; }
    var ends = [];
    for (var at = start; at < end && ends.length < longestEnding;) {
      at += pointAt(text, at).length;
      ends.push(at);
    }
    for (var i = ends.length - 1; i >= 0; i -= 1) {
      var candidate = ends[i];
      if (endings.has(text.slice(start, candidate).toLowerCase()) && !NOT_AFTER.test(pointAt(text, candidate))) {
        return candidate;
      }
    }
    return null;
  }

  function isJoiner(unit) {
    return unit === "-" || unit === "_";
  }

  function dotAfter(text, index, end) {
    var dot = text.indexOf(".", index);
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

  function tailEnd(text, index) {
    index += (matchAt(PORT, text, index) || "").length;
    var path = matchAt(PATH, text, index);
    if (path !== null) {
      var pathLength = trimmed(path, tables.sources.path_trim);
      index += pathLength;
      if (pathLength < path.length) { return { end: index, hasPath: true }; }
    }
    var query = matchAt(QUERY, text, index) || "";
    return { end: index + trimmed(query, tables.sources.query_trim), hasPath: path !== null };
  }

  // Returns the length of a label's punycode (RFC 3492) without building it.
  function punycodeLength(label) {
    var codePoints = points(label).map(function (p) { return p.codePointAt(0); });
    var basic = codePoints.filter(function (p) { return p < 128; }).length;
    var length = basic + (basic > 0 ? 1 : 0);
    var handledCount = basic, n = 128, delta = 0, bias = 72, first = true;
    while (handledCount < codePoints.length) {
      var next = Math.min.apply(null, codePoints.filter(function (p) { return p >= n; }));
      delta += (next - n) * (handledCount + 1);
      n = next;
      for (var i = 0; i < codePoints.length; i += 1) {
        if (codePoints[i] < n) { delta += 1; }
        if (codePoints[i] === n) {
          length += digits(delta, bias);
          bias = adapted(delta, handledCount + 1, first);
          first = false;
          delta = 0;
          handledCount += 1;
        }
      }
      delta += 1;
      n += 1;
    }
    return length;
  }

  function digits(delta, bias) {
    var digitCount = 1;
    for (var k = 36; ; k += 36) {
      var threshold = Math.min(26, Math.max(1, k - bias));
      if (delta < threshold) { return digitCount; }
      delta = Math.floor((delta - threshold) / (36 - threshold));
      digitCount += 1;
    }
  }

  function adapted(delta, handledCount, first) {
    delta = first ? Math.floor(delta / 700) : Math.floor(delta / 2);
    delta += Math.floor(delta / handledCount);
    var k = 0;
    for (; delta > 455; k += 36) { delta = Math.floor(delta / 35); }
    return k + Math.floor((36 * delta) / (delta + 38));
  }

  function asciiLength(label) {
    var length = points(label).length;
    var isAscii = !/[^\u0000-\u007f]/u.test(label);
    return isAscii || length > tables.longestLabel ? length : 4 + punycodeLength(label);
  }

  function shortEnough(text, start, end, span, withProtocol) {
    var lengths = text.slice(start, end).split(".").map(asciiLength);
    var addedLength = lengths.reduce(function (sum, l) { return sum + l + 1; }, -1) - points(text.slice(start, end)).length;
    var length = points(text.slice(span.start, span.end)).length + addedLength + (withProtocol ? 0 : 8);
    return lengths.every(function (l) { return l <= tables.longestLabel; }) && length <= tables.longestAddress;
  }

  function plainHost(text, start, end) {
    var best = null;
    var first = start;
    var label = start;
    for (var dot = dotAfter(text, label, end); dot >= 0; dot = dotAfter(text, label, end)) {
      var hostEndIndex = dot === label ? null : endingEnd(text, dot + 1, end);
      if (dot === label) { first = dot + 1; }
      if (hostEndIndex !== null) { best = { start: first, end: hostEndIndex }; }
      label = dot + 1;
    }
    return best;
  }

  // A host without a protocol counts only in Latin letters; a path belongs to the last host.
  function plainHosts(text, start, end, tail) {
    var spans = [];
    var host = text.slice(0, end);
    PLAIN_RUN.lastIndex = start;
    for (var run = PLAIN_RUN.exec(host); run; run = PLAIN_RUN.exec(host)) {
      var span = plainHost(text, run.index, run.index + run[0].length);
      if (span) { spans.push(span); }
    }
    if (spans.length && tail.hasPath) { spans[spans.length - 1].end = tail.end; }
    return spans;
  }

  function inRun(text, start, end, lastEnd) {
    var nothing = { spans: [], lastEnd: lastEnd };
    var protocol = protocolStart(text, start, lastEnd);
    if (protocol === null) {
      if (lastEnd >= start) { start = lastEnd + pointAt(text, lastEnd).length; }
      if (!mayStandBare(text, start)) { return nothing; }
    }
    var host = hostEnd(text, start, end);
    if (host === null) { return nothing; }
    var tail = tailEnd(text, host);
    var span = { start: protocol === null ? start : protocol, end: tail.end };
    if (!shortEnough(text, start, host, span, protocol !== null)) { return { spans: [], lastEnd: tail.end }; }
    return { spans: protocol !== null ? [span] : plainHosts(text, start, host, tail), lastEnd: tail.end };
  }

  function addressSpans(text) {
    var spans = [];
    var lastEnd = -1;
    RUN.lastIndex = 0;
    for (var run = RUN.exec(text); run; run = RUN.exec(text)) {
      var end = run.index + run[0].length;
      if (end > lastEnd && run[0].includes(".")) {
        var matches = inRun(text, run.index, end, lastEnd);
        Array.prototype.push.apply(spans, matches.spans);
        lastEnd = matches.lastEnd;
      }
    }
    return spans;
  }

  function emojiAt(text, start) {
    var first = pointAt(text, start);
    var emojiLengths = emoji.lengths.get(first);
    if (!emojiLengths) { return ""; }
    var ends = [start];
    for (var index = start; index < text.length && ends.length <= emojiLengths[0];) {
      index += pointAt(text, index).length;
      ends.push(index);
    }
    for (var i = 0; i < emojiLengths.length; i += 1) {
      var end = ends[emojiLengths[i]];
      if (end && emoji.sequences.has(text.slice(start, end)) && text[end] !== tables.textStyle) {
        return text.slice(start, end);
      }
    }
    return "";
  }

  function weight(point) {
    var isLight = tables.light.some(function (range) { return range[0] <= point && point <= range[1]; });
    return isLight ? 1 : tables.heavy;
  }

  function bareUrl(url) {
    var bare = url.replace(/^https?:\/\//i, "").replace(/\/+$/, "");
    return bare.replace(/^[^/?]+/, function (host) { return host.toLowerCase(); });
  }

  window.nagarvaniHasLink = function (text, link) {
    var isWhole = addressSpans(link).some(function (span) { return span.start === 0 && span.end === link.length; });
    if (!isWhole) { return text.includes(link); }
    return addressSpans(text).some(function (span) {
      return bareUrl(text.slice(span.start, span.end)) === bareUrl(link);
    });
  };

  window.nagarvaniCount = function (text) {
    var composed = text.normalize("NFC");
    var spans = addressSpans(composed);
    var weighted = 0, fittingLength = 0, spanIndex = 0, hasInvalid = false, fits = true;
    for (var index = 0; index < composed.length;) {
      var part, partWeight;
      if (spanIndex < spans.length && spans[spanIndex].start === index) {
        part = composed.slice(index, spans[spanIndex].end);
        partWeight = tables.addressWeight;
        spanIndex += 1;
      } else {
        part = emojiAt(composed, index);
        partWeight = part ? tables.heavy : weight(composed.codePointAt(index));
        part = part || pointAt(composed, index);
      }
      weighted += partWeight;
      index += part.length;
      var isInvalid = tables.never.includes(part);
      hasInvalid = hasInvalid || isInvalid;
      fits = fits && weighted <= tables.limit && !isInvalid;
      if (fits) { fittingLength = index; }
    }
    if (fittingLength > 0) { fittingLength = Math.max(0, fittingLength + text.length - composed.length); }
    return {
      weighted: weighted,
      limit: tables.limit,
      remaining: tables.limit - weighted,
      fits: fittingLength,
      valid: weighted > 0 && weighted <= tables.limit && !hasInvalid
    };
  };
}());
