/*
 * Draws <div class="dlrrc-plotly" data-figure="ID"> from the JSON in <script id="ID-data">.
 *
 * plotly.min.js lies beside this file (the build copies it from the installed package) and is loaded once, only
 * on pages with such a figure. Text, grid and background follow the light or dark theme of the page; colours of
 * the data come from the figure, or from COLORS below.
 */
(function () {
  "use strict";

  const divs = Array.from(document.querySelectorAll(".dlrrc-plotly[data-figure]"));
  const here = document.currentScript.src;
  if (!divs.length) return;

  /* Okabe-Ito colours with a contrast of at least 3:1 on both the light and the dark page. */
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#767676"];
  const NARROW = 560;
  const touch = window.matchMedia("(pointer: coarse)").matches;
  const CONFIG = {
    displaylogo: false,
    responsive: true,
    scrollZoom: false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  };

  function colours(light) {
    const style = getComputedStyle(document.documentElement);
    const variable = (name, fallback) => (light ? fallback : style.getPropertyValue(name).trim() || fallback);
    return {
      text: variable("--pst-color-text-base", "#323232"),
      grid: variable("--pst-color-border", "#c9c9c9"),
      surface: variable("--pst-color-surface", "#f5f5f5"),
      page: variable("--pst-color-background", "#ffffff"),
    };
  }

  /* A template sets defaults only: what the figure itself says wins. */
  function template(light) {
    const { text, grid, surface, page } = colours(light);
    const axis = {
      automargin: true,
      color: text,
      gridcolor: grid,
      linecolor: grid,
      zerolinecolor: grid,
      title: { standoff: 12 },
    };
    return {
      layout: {
        colorway: COLORS,
        font: { color: text, family: getComputedStyle(document.body).fontFamily, size: 14 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        hoverlabel: { bgcolor: surface, bordercolor: grid, font: { color: text } },
        legend: { bgcolor: "rgba(0,0,0,0)" },
        margin: { l: 16, r: 16, t: 32, b: 16 },
        modebar: { bgcolor: page, color: text, activecolor: COLORS[1] },
        polar: { bgcolor: "rgba(0,0,0,0)", angularaxis: axis, radialaxis: axis },
        xaxis: axis,
        yaxis: axis,
      },
    };
  }

  function layoutFor(div, figure, light) {
    const layout = { ...figure.layout, template: template(light), autosize: true };
    delete layout.width;
    if (div.clientWidth < NARROW) {
      /* Beside the plot, a legend would leave no room for the plot on a phone. */
      layout.legend = { ...layout.legend, orientation: "h", x: 0, xanchor: "left", y: 1.02, yanchor: "bottom" };
    }
    if (touch) {
      /* A finger on the figure scrolls the page instead of zooming. */
      layout.dragmode = false;
      for (const key of Object.keys(layout).concat("xaxis", "yaxis")) {
        if (/^[xy]axis\d*$/.test(key)) layout[key] = { ...layout[key], fixedrange: true };
      }
    }
    return layout;
  }

  const figures = new Map();

  function draw(div, light = false) {
    const figure = figures.get(div);
    return window.Plotly.react(div, figure.data, layoutFor(div, figure, light), CONFIG);
  }

  function redrawAll(light = false) {
    figures.forEach((_, div) => draw(div, light));
  }

  async function drawAll() {
    for (const div of divs) {
      const source = document.getElementById(`${div.dataset.figure}-data`);
      figures.set(div, JSON.parse(source.textContent));
      await draw(div);
      div.dataset.drawn = "true";
    }
    new MutationObserver(() => redrawAll()).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
    window.addEventListener("beforeprint", () => redrawAll(true));
    window.addEventListener("afterprint", () => redrawAll());
  }

  function fail(error) {
    for (const div of divs.filter((one) => !one.dataset.drawn)) {
      div.style.minHeight = "0";
      div.textContent = "This figure could not be drawn. Its numbers are in the table below.";
    }
    console.error(error);
  }

  const script = document.createElement("script");
  script.src = new URL("plotly.min.js", here).href;
  script.onload = () => drawAll().catch(fail);
  script.onerror = () => fail(new Error(`cannot load ${script.src}`));
  document.head.append(script);
})();
