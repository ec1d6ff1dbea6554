// A coin's price and score in a panel, with its flagged hours.

import type { Child, FC } from "hono/jsx";
import { count } from "../../src/cards/format.ts";
import { DAY_MS, iso } from "../../src/domain/time.ts";
import { PriceScoreChart } from "../charts/price_score.tsx";
import { CoinLink, shortTime } from "../components/refs.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { coinName } from "../components/text.ts";
import type { CoinCourse } from "../reading/course.ts";
import type { View } from "../view.ts";

export interface CoursePanelProps {
  view: View;
  course: CoinCourse | null;
  span: "c7" | "c12";
  end?: Child;
  /** Whether the heading is the coin's name: not on its own page. */
  isNamed?: boolean;
}

export const CoursePanel: FC<CoursePanelProps> = ({ view, course, span, end, isNamed = true }) => {
  if (course === null) {
    return (
      <Panel id="course" title="Price and score" span={span} end={end}>
        <Nothing>No coin was scored in this time.</Nothing>
      </Panel>
    );
  }
  const { marked, toMs, fromMs } = course;
  const days = count(Math.round((toMs - fromMs) / DAY_MS));
  return (
    <Panel
      id="course"
      title={isNamed ? <CoinLink view={view} {...course} /> : "Price and score"}
      scope={`${days === "1" ? "1 day" : `${days} days`} to ${
        shortTime(view, iso(toMs))
      }, flagged hours shaded`}
      end={end}
      span={span}
    >
      <PriceScoreChart
        name={coinName(course)}
        points={course.points}
        thresholds={course.thresholds}
        changes={course.changes}
        fromMs={fromMs}
        toMs={toMs}
        {...(marked === null ? {} : { marked })}
      />
    </Panel>
  );
};
