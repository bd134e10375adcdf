# results.json as one Markdown table whose columns line up in a terminal too. A figure that does not say which way is better is a
# cost.
def short:
  if . == null then ""
  elif fabs >= 100 then round | tostring
  elif fabs >= 10 then (. * 10 | round) / 10 | tostring
  elif fabs >= 0.1 then (. * 100 | round) / 100 | tostring
  else (. * 10000 | round) / 10000 | tostring end;
def met:
  if .goal == null then "" elif (if .better == "higher" then .value >= .goal else .value <= .goal end) then "yes" else "no" end;
def ratio: if (.peer_value // 0) == 0 then null else .value / .peer_value end;
def pad($width; $number): ((" " * ($width - length)) // "") as $space | if $number then $space + . else . + $space end;
def numeric: . == 1 or . == 3 or . == 5 or . == 6 or . == 7 or . == 9;

([["figure", "value", "unit", "spread", "peer", "peer's", "ratio", "goal", "met", "runs"]]
 + [.figures[] | [.name, (.value | short), .unit, "\(.spread * 100 | round) %", .peer // "", (.peer_value | short), (ratio | short),
                  (.goal | short), met, (.runs | tostring)]]) as $rows
| [range($rows[0] | length) | . as $column | [$rows[][$column] | length] | max] as $widths
| ($rows[0] | [range(length) | . as $i | $rows[0][$i] | pad($widths[$i]; false)] | "| " + join(" | ") + " |"),
  ("|" + ([range($widths | length) | ("-" * ($widths[.] + 2))] | join("|")) + "|"),
  ($rows[1:][] | . as $row | [range(length) | . as $i | $row[$i] | pad($widths[$i]; ($i | numeric))] | "| " + join(" | ") + " |"),
  "",
  "\(.machine.cpu), \(.machine.cores) processors, \((.machine.memory_bytes / 1073741824) | round) GiB; \(.machine.kernel); \(.machine.disk); load before \(.machine.load_before);",
  "\(.machine.compiler); \(.date), commit \(.commit)\(if .arguments == "" then "" else ", with " + .arguments end)."
