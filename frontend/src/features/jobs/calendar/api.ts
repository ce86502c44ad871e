import { ask, client } from '@/api/client'
import type { Calendar, Forecast } from './types'

export interface Asked {
  project: string
  from: string
  to: string
}

export async function getCalendar(
  asked: Asked & { job_id?: string; timezone: string; most?: number },
): Promise<Calendar> {
  return (await ask(client.GET('/api/v1/jobs/calendar', { params: { query: asked } }))) as Calendar
}

export async function getForecast(asked: Asked): Promise<Forecast> {
  return (await ask(client.GET('/api/v1/jobs/forecast', { params: { query: asked } }))) as Forecast
}
