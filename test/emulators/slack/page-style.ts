/** Enough of the look that a person knows what they see. */
export const STYLE = `
  body { margin: 0; font: 15px/1.47 Lato, "Helvetica Neue", "Noto Sans", sans-serif; color: #1d1c1d; background: #fff; }
  header { font-weight: 900; font-size: 18px; padding: 12px 20px; border-bottom: 1px solid #ddd; }
  header small { float: right; font-weight: 400; font-size: 12px; color: #616061; line-height: 26px; }
  main { padding: 8px 0 20px; }
  article { display: flex; gap: 10px; padding: 8px 20px; }
  .face { flex: none; width: 36px; height: 36px; border-radius: 6px; background: #7a4fa3; color: #fff;
    font: 700 18px/36px sans-serif; text-align: center; }
  .bot .face { background: #2b2b33; }
  .author { font-weight: 900; }
  .badge { margin-left: 6px; padding: 1px 4px; border-radius: 3px; background: #ddd; color: #616061; font-size: 10px; font-weight: 700; }
  p { margin: 2px 0; overflow-wrap: anywhere; }
  .private { color: #616061; font-size: 13px; }
  .context { color: #616061; font-size: 12px; }
  .context a { color: #1264a3; text-decoration: none; }
  .mention { padding: 0 2px; border-radius: 3px; background: #e8f5fa; color: #1264a3; }
  code { padding: 1px 3px; border: 1px solid #ddd; border-radius: 3px; background: #f8f8f8; color: #e01e5a; font-size: 12px; }
  img { display: block; min-width: 256px; max-width: 360px; margin: 6px 0; border-radius: 8px; }
  .row { display: flex; gap: 8px; margin: 8px 0; }
  button { min-width: 44px; height: 36px; padding: 0 12px; border: 1px solid #bbb; border-radius: 4px; background: #fff;
    color: #1d1c1d; font: 700 15px sans-serif; }
  h2 { margin: 20px 0 6px; font-size: 18px; }
  .section { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px; padding: 3px 0; }
  .section img { flex: none; min-width: 0; width: 88px; height: 88px; object-fit: cover; margin: 0; }
  button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
  button.danger { border-color: #e01e5a; color: #e01e5a; }
  .emoji { width: 18px; height: 18px; vertical-align: -3px; fill: none; stroke: #454447; stroke-width: 2; }
`;
