import type { ChartData } from '@/ui/chart/chart'
import type { Forecast, ForecastHour } from './types'

/** Worker-hours of each hour to come, beside how many there are. */
export function loadChart(forecast: Forecast, names: { used: string; capacity: string }): ChartData {
  const { hours, capacity_slots: capacity } = forecast
  return {
    axis: { kind: 'time', values: hours.map((hour) => Date.parse(hour.at)) },
    series: [
      { name: names.used, values: hours.map((hour) => hour.slots_used) },
      { name: names.capacity, values: hours.map(() => capacity) },
    ],
  }
}

/** The hour in which most is to be done; none where nothing is. */
export function busiest(hours: readonly ForecastHour[]): ForecastHour | null {
  let found: ForecastHour | null = null
  for (const hour of hours) if (hour.slots_used > (found?.slots_used ?? 0)) found = hour
  return found
}
