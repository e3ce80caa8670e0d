namespace VLPeft.Cli.Reports;

/// <summary>The report's style sheet. It may hold no less-than, greater-than or ampersand: XML would escape them, a style can't.</summary>
internal static class ReportStyle
{
    // Series colours: Okabe and Ito's, which colour-blind readers tell apart, darker or lighter where one has less than 3:1 against the
    // panel. The first is neutral.
    public const string Css = """
        :root {
          color-scheme: light dark;
          --page: #f6f7f9; --panel: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d9dde2; --link: #0058a3; --heat: 0 114 178;
          --right: #00734f; --wrong: #b33f00;
          --c0: #4a525c; --c1: #0072b2; --c2: #d55e00; --c3: #009066; --c4: #b8578f; --c5: #a67300; --c6: #2f93d1;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #101317; --panel: #181c22; --text: #e7eaee; --muted: #a0a9b4; --line: #333a43; --link: #7cc4ff; --heat: 86 180 233;
            --right: #4fd1a5; --wrong: #ff9a5c;
            --c0: #c3cad3; --c1: #56b4e9; --c2: #ee7733; --c3: #20b98c; --c4: #dc8fba; --c5: #e69f00; --c6: #f0e442;
          }
        }
        .s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
        .s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); }

        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
        body {
          margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--text);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
          overflow-wrap: break-word;
        }
        h1 { margin: 0 0 .5rem; font-size: clamp(1.5rem, 1.2rem + 1.6vw, 2.2rem); line-height: 1.2; letter-spacing: -.01em; }
        h2 { margin: 2.5rem 0 .75rem; font-size: 1.35rem; line-height: 1.3; }
        h3 { margin: 0 0 .25rem; font-size: 1.05rem; }
        h4 { margin: 0; font-size: .95rem; }
        p { margin: 0 0 .5rem; }
        a { color: var(--link); }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        .summary { max-width: 48rem; font-size: 1.1rem; }
        nav ul, .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: .75rem 0 0; padding: 0; list-style: none; }
        nav { font-size: .95rem; }
        nav a { display: inline-block; padding: .25rem 0; }
        .unseen {
          position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
        }

        .panel, .scroll, .picture, pre, .box { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; }
        .panel { margin: 0; padding: 1rem; min-width: 0; }
        .plots { display: grid; gap: 1rem; margin-top: 1rem; }
        @media (min-width: 60rem) { .plots { grid-template-columns: repeat(auto-fit, minmax(28rem, 1fr)); } }
        figcaption p { color: var(--muted); font-size: .875rem; }

        .scroll {
          position: relative; overflow-x: auto;
          /* A shade at the right edge as long as there is more to see there. */
          background:
            linear-gradient(270deg, var(--panel) 50%, transparent) 100% 0 / 3rem 100% no-repeat local,
            linear-gradient(270deg, var(--line), transparent) 100% 0 / 1rem 100% no-repeat scroll, var(--panel);
        }
        table { border-collapse: collapse; width: 100%; font-size: .925rem; font-variant-numeric: tabular-nums; }
        caption { padding: .7rem .8rem .35rem; color: var(--muted); font-size: .875rem; text-align: start; }
        caption span { position: sticky; left: .8rem; display: inline-block; max-width: min(70rem, calc(100vw - 3.4rem)); }
        th, td { padding: .4rem .8rem; text-align: start; vertical-align: baseline; }
        tbody tr { border-top: 1px solid var(--line); }
        thead th { color: var(--muted); font-weight: 600; font-size: .85rem; line-height: 1.3; vertical-align: bottom; }
        tbody th { font-weight: 600; }
        th.num, td.num { text-align: end; }
        td.num { white-space: nowrap; }
        .results tbody th { white-space: nowrap; }
        .results tbody th.long { white-space: normal; min-width: 9.5rem; }
        .results tbody th[scope=row] { position: sticky; left: 0; background: var(--panel); }
        .baselines th, .baselines td { color: var(--muted); font-weight: 400; }
        .baselines tr:first-child { border-top: 2px solid var(--line); }
        .baselines tr:first-child th { padding-top: .7rem; font-weight: 600; font-size: .85rem; }
        .explanation { min-width: 14rem; }
        .heat th, .heat td { padding-inline: .5rem; }
        .heat .num { text-align: center; }
        @media (min-width: 48rem) { .heat { table-layout: fixed; } .heat th:first-child { padding-inline-start: .8rem; } }
        .heat td { background: rgb(var(--heat) / calc(var(--h, 0) * .5)); border-inline-start: 1px solid var(--panel); }
        .pairs tr:first-child { border-top: 0; }
        .pairs th { width: 14rem; color: var(--muted); }
        .pairs td { overflow-wrap: anywhere; }

        .plot svg { display: block; overflow: visible; }
        .plot text { fill: var(--text); font-size: 13px; }
        .plot text.major { font-weight: 600; }
        .plot text.minor, .plot text.tick { fill: var(--muted); }
        .plot text.tick { font-size: 12px; }
        .plot .grid { stroke: var(--line); }
        .axis { margin: 1.6rem 0 0; color: var(--muted); font-size: .8rem; text-align: center; }
        .scores { padding: .75rem .75rem 0; }
        .curves { padding: 1rem .75rem 0 2.75rem; }
        .track { fill: var(--page); }
        .baseline { stroke: var(--muted); stroke-width: 2; stroke-dasharray: 3 2; }
        .own { stroke: var(--muted); stroke-width: 3; }
        .sd { stroke: var(--c); stroke-width: 7; stroke-opacity: .3; }
        .mean { stroke: var(--c); stroke-width: 3; }
        .marker { fill: var(--c); stroke: var(--panel); stroke-width: 1; }
        .curve { fill: none; stroke: var(--c); stroke-width: 2; }
        .band { fill: var(--c); fill-opacity: .14; stroke: none; }
        .legend { margin: .5rem 0 0; font-size: .875rem; }
        .swatch { vertical-align: middle; margin-inline-end: .4rem; }

        .picture { padding: 1rem; margin-bottom: 1rem; }
        .picture img { display: block; width: 10rem; height: auto; max-width: 100%; border-radius: .25rem; }
        .picture img.pixels { image-rendering: pixelated; border-radius: 0; }
        .questions {
          display: grid; grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr)); gap: 1.25rem 2rem; margin-top: 1rem;
        }
        .truth { margin: 0 0 .3rem; font-size: .925rem; }
        .answers { table-layout: fixed; }
        .answers th:first-child { width: 55%; }
        .answers th:nth-child(3) { width: 4rem; }
        .texts th:first-child { width: 38%; }
        .answers th, .answers td { padding: .2rem .3rem; overflow-wrap: anywhere; }
        .answers thead th { padding: 0; }
        .answers tbody th { padding-inline-start: 1.15rem; text-indent: -1.15rem; font-weight: 400; }
        .answers td.num { padding-inline-end: 0; color: var(--muted); }
        .mark {
          margin-inline-end: .4rem; vertical-align: -.1em;
          fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linecap: round;
        }
        .right td:nth-child(2) { color: var(--right); font-weight: 600; }
        .wrong td:nth-child(2) { color: var(--wrong); }
        @media (min-width: 48rem) {
          .picture { display: grid; grid-template-columns: 12rem 1fr; column-gap: 1.5rem; }
          .picture h3 { grid-column: 1 / -1; margin-bottom: .5rem; }
          .picture img { width: 12rem; }
          .questions { margin-top: 0; }
        }

        details { margin: .75rem 0; }
        summary { cursor: pointer; padding: .25rem 0; color: var(--link); }
        pre { margin: 0 0 .75rem; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; line-height: 1.5; }
        .command { white-space: pre-wrap; overflow-wrap: anywhere; }
        code, pre { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
        @media (max-width: 30rem) {
          body { padding-inline: .8rem; }
          .results { font-size: .8rem; }
          .answers { font-size: .875rem; }
          .pairs th { width: 34%; }
          .results th, .results td { padding-inline: .4rem; }
          .results th:first-child { padding-inline-start: .8rem; }
          .results .swatch { display: none; }
          .results thead th { font-size: .78rem; }
          .heat { font-size: .75rem; }
          .heat thead th { font-size: .7rem; }
          .heat th, .heat td { padding-inline: .18rem; }
          .heat th:first-child { padding-inline-start: .5rem; }
        }
        @media print {
          body { background: none; max-width: none; }
          .panel, .picture, tr { break-inside: avoid; }
        }

        """;
}
