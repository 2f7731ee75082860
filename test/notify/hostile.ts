/** A text of a pod, an alert or a command whose author wants to be seen. */
export const hostileText = [
  "@channel @here @everyone @all <!here> <!channel|x> <@U0123> <@&99> <#1> <users/all> @**all** @_**x**",
  "[click](https://evil.example/a_b) <https://evil.example|click> ![x](https://evil.example/x.png)",
  "*bold* **bold** _it_ __it__ ~no~ ~~no~~ `code` ||spoiler|| :fire: <b>bold</b> &amp; <a href='x'>y</a>",
  "# heading",
  "> quotation",
  "- item",
  "1. item",
  "```",
  "</b></pre></font>",
  '"quoted" \\*back\\* https://ok.example/a_b_c',
].join("\n");
